using System.Text.Json;
using AdaLora.Transformers.Tokenization;

namespace AdaLora.Glue;

/// <summary>A run that train has written, to be evaluated, asked or merged.</summary>
internal sealed record SavedRun(string Folder, TrainSettings Settings, RunRecord Record)
{
    /// <summary>Where a run keeps what was trained.</summary>
    public static string AdapterFolderOf(string runFolder) => Path.Combine(runFolder, "adapter");

    /// <exception cref="UserInputException">The folder is no output folder of train.</exception>
    public static SavedRun Open(string folder)
    {
        var path = Path.Combine(folder, RunFiles.Metrics);
        if (!File.Exists(path))
            throw new UserInputException($"There is no {path}; give the output folder of a run.");
        try
        {
            var record = RunRecord.FromJson(File.ReadAllText(path));
            return new SavedRun(folder, TrainOptions.FromRecord(record.Options), record);
        }
        catch (JsonException e)
        {
            throw new UserInputException($"{path} is not the record of a run: {e.Message}", e);
        }
    }

    /// <summary>Loads the base model and puts into it what the run has trained.</summary>
    /// <param name="model">The base model, if it is not where it was; null for where it was.</param>
    /// <param name="device">Where to put it, as <see cref="Devices.TorchDevices.Find"/> takes it.</param>
    /// <param name="models">Finds it.</param>
    /// <param name="reporter">Told of downloads.</param>
    /// <param name="cancellationToken">Ends a download.</param>
    /// <exception cref="UserInputException">Files are missing, or do not fit each other.</exception>
    public TrainedClassifier Load(string? model, string device, ModelFolder models, IRunReporter reporter, CancellationToken cancellationToken) => LibraryErrors.Explain(() =>
    {
        var place = Devices.TorchDevices.Find(device);
        var folder = models.Of(model ?? Settings.Model, reporter, cancellationToken);
        var tokenizer = TextTokenizer.FromFolder(folder);
        var classifier = BaseModel.Load(folder, Settings, tokenizer, place);
        try
        {
            return new TrainedClassifier(Settings.Task, classifier, Settings.Method.Load(classifier, Settings, AdapterFolderOf(Folder)), tokenizer, folder);
        }
        catch
        {
            classifier.Dispose();
            throw;
        }
    });
}
