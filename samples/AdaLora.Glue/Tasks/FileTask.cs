using AdaLora.Experiments.Tasks;
using AdaLora.Glue.Metrics;

namespace AdaLora.Glue.Tasks;

/// <summary>Classifying the texts of a person's own file. Its classes are only known once the file is read.</summary>
internal sealed class FileTask : ITask
{
    private FileTask()
    {
    }

    public static FileTask Instance { get; } = new();

    public string Name => "file";

    public string Folder => "file";

    public string PrimaryMetric => MetricNames.Accuracy;

    public PaperSettings Paper => PaperSettings.Usual;

    // The files are named by options of their own.
    public string? FindProblemOfData(string? path) => null;

    public ITaskData Read(TaskInputs inputs) => GlueData.Read(FileExamples.Read(inputs), inputs);

    public override string ToString() => Name;
}
