using System.Text.Json;
using AdaLora.Devices;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Reports;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using TorchSharp;

namespace AdaLora.Experiments.Runs;

/// <summary>A run that train has written, to be evaluated, queried or merged.</summary>
internal sealed class SavedRun
{
    private SavedRun(string folder, RunSettings settings, RunRecord record) => (Folder, Settings, Record) = (folder, settings, record);

    public string Folder { get; }

    public RunSettings Settings { get; }

    public RunRecord Record { get; }

    /// <summary>Where a run keeps what was trained.</summary>
    public static string AdapterFolderOf(string runFolder) => Path.Combine(runFolder, "adapter");

    /// <exception cref="UserInputException">The folder is not an output folder of train.</exception>
    public static SavedRun Open(string folder, Catalog catalog)
    {
        var record = ReadRecord(folder);
        return new SavedRun(folder, RecordedSettings.Read(record.Options, catalog), record);
    }

    /// <summary>The record of a run, whatever it trained.</summary>
    /// <exception cref="UserInputException">The folder is not an output folder of train.</exception>
    public static RunRecord ReadRecord(string folder)
    {
        var path = Path.Combine(folder, RunFiles.Metrics);
        if (!File.Exists(path))
            throw new UserInputException($"'{path}' does not exist; give the output folder of a run.");
        try
        {
            return RunRecord.FromJson(File.ReadAllText(path));
        }
        catch (JsonException e)
        {
            throw new UserInputException($"'{path}' is not the record of a run: {e.Message}", e);
        }
    }

    /// <summary>Loads the base model and adds to it what the run trained.</summary>
    /// <param name="settings">The run's settings, with what has moved since; its own are <see cref="Settings"/>.</param>
    /// <param name="sets">The data sets that are needed.</param>
    /// <param name="models">Finds the base model.</param>
    /// <param name="reporter">Receives the progress of downloads.</param>
    /// <param name="cancellationToken">Ends a download.</param>
    /// <exception cref="UserInputException">Files are missing, or do not match each other.</exception>
    public TrainedRun Load(RunSettings settings, DataSets sets, ModelFolder models, IRunReporter reporter, CancellationToken cancellationToken) => LibraryErrors.Explain(() =>
    {
        var device = TorchDevices.Find(settings.Get(RunOptions.Device));
        // How products were rounded in training does not matter on a device that can't round them so.
        if (settings.Get(RunOptions.Precision) == ModelPrecision.TensorFloat32 && device.type != DeviceType.CUDA)
            settings = settings.With(RunOptions.Precision, ModelPrecision.Float32);
        if (settings.Get(RunOptions.Precision).UseOn(device) is { } warning)
            reporter.Note(warning);
        var folder = models.Of(settings.Get(RunOptions.Model), reporter, cancellationToken);
        var model = settings.Task.Read(Runner.InputsOf(settings, folder, sets, reporter, cancellationToken, found: Record.Found)).LoadModel(device);
        try
        {
            return new TrainedRun(model, settings.Method.Load(model.Base, settings, AdapterFolderOf(Folder)), folder);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    });
}
