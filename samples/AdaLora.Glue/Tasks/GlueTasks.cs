using AdaLora.Experiments.Methods;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Settings;
using AdaLora.Glue.Metrics;

namespace AdaLora.Glue.Tasks;

/// <summary>The tasks this application knows.</summary>
internal static class GlueTasks
{
    private static readonly string[] Digits = ["0", "1"];

    public static IReadOnlyList<GlueTask> All { get; } =
    [
        new()
        {
            Name = "cola",
            Folder = "CoLA",
            HubColumns = ("sentence", null),
            Paper = new(8e-4, 25, 0.1, 800, 10, 3500, 8551),
            Columns = new("sentence", null, "label") { WithoutHeader = ["", "label", "", "sentence"] },
            ClassNames = ["unacceptable", "acceptable"],
            LabelSpellings = Digits,
            Metrics = [MetricNames.Matthews, MetricNames.Accuracy],
        },
        new()
        {
            Name = "sst2",
            Folder = "SST-2",
            HubColumns = ("sentence", null),
            Paper = new(8e-4, 24, 0.1, 6000, 100, 22000, 67349),
            Columns = new("sentence", null, "label"),
            ClassNames = ["negative", "positive"],
            LabelSpellings = Digits,
            Metrics = [MetricNames.Accuracy],
        },
        new()
        {
            Name = "mrpc",
            Folder = "MRPC",
            HubColumns = ("sentence1", "sentence2"),
            Paper = new(1e-3, 30, 0.1, 600, 1, 1800, 3668),
            Columns = new("#1 String", "#2 String", "Quality"),
            ClassNames = ["not_equivalent", "equivalent"],
            LabelSpellings = Digits,
            // The AdaLoRA paper's table compares accuracies, so accuracy chooses the best evaluation.
            Metrics = [MetricNames.Accuracy, MetricNames.F1],
        },
        new()
        {
            Name = "stsb",
            Folder = "STS-B",
            HubColumns = ("sentence1", "sentence2"),
            Paper = new(2.2e-3, 25, 0.3, 800, 10, 2000, 5749),
            Columns = new("sentence1", "sentence2", "score"),
            ClassNames = [],
            LabelSpellings = [],
            ScoreRange = (0, 5),
            Metrics = [MetricNames.Pearson, MetricNames.Spearman],
        },
        new()
        {
            Name = "qqp",
            Folder = "QQP",
            HubColumns = ("question1", "question2"),
            Paper = new(8e-4, 5, 0.1, 8000, 100, 25000, 363_846),
            Columns = new("question1", "question2", "is_duplicate"),
            ClassNames = ["not_duplicate", "duplicate"],
            LabelSpellings = Digits,
            // As for MRPC.
            Metrics = [MetricNames.Accuracy, MetricNames.F1],
        },
        new()
        {
            Name = "mnli",
            Folder = "MNLI",
            HubColumns = ("premise", "hypothesis"),
            Paper = new(5e-4, 7, 0.1, 8000, 100, 50000, 392_702),
            Columns = new("sentence1", "sentence2", "gold_label"),
            ClassNames = ["entailment", "neutral", "contradiction"],
            LabelSpellings = ["entailment", "neutral", "contradiction"],
            Parts = [new("_matched", "", "-m"), new("_mismatched", "_mismatched", "-mm")],
            Metrics = [MetricNames.Accuracy],
        },
        new()
        {
            Name = "qnli",
            Folder = "QNLI",
            HubColumns = ("question", "sentence"),
            Paper = new(5e-4, 5, 0.1, 2000, 100, 8000, 104_743),
            Columns = new("question", "sentence", "label"),
            ClassNames = ["entailment", "not_entailment"],
            LabelSpellings = ["entailment", "not_entailment"],
            Metrics = [MetricNames.Accuracy],
        },
        new()
        {
            Name = "rte",
            Folder = "RTE",
            HubColumns = ("sentence1", "sentence2"),
            Paper = new(1.2e-3, 50, 0.3, 600, 1, 1800, 2490),
            Columns = new("sentence1", "sentence2", "label"),
            ClassNames = ["entailment", "not_entailment"],
            LabelSpellings = ["entailment", "not_entailment"],
            Metrics = [MetricNames.Accuracy],
        },
        new()
        {
            Name = "wnli",
            Folder = "WNLI",
            HubColumns = ("sentence1", "sentence2"),
            Columns = new("sentence1", "sentence2", "label"),
            ClassNames = ["not_entailment", "entailment"],
            LabelSpellings = Digits,
            Metrics = [MetricNames.Accuracy],
        },
    ];

    /// <summary>What the application can train.</summary>
    public static Catalog Catalog { get; } = new()
    {
        Name = "GLUE",
        Tasks = [.. All, FileTask.Instance],
        Methods = TrainingMethods.All,
        Options = [.. RunOptions.All, .. FileTaskOptions.All],
        TaskOf = settings => settings.Get(FileTaskOptions.Train) is null ? null : FileTask.Instance,
        EvaluatedOn = (settings, path) => settings.Task is FileTask ? settings.With(FileTaskOptions.Dev, path) : settings.With(RunOptions.Data, path),
    };

    /// <summary>The task with this command-line name or folder name, in any letter case.</summary>
    /// <exception cref="UserInputException">There is no such task.</exception>
    public static GlueTask Find(string name) => Catalog.FindTask(name) as GlueTask ?? throw new UserInputException($"'{name}' is none of the tasks of GLUE: {string.Join(", ", All.Select(task => task.Name))}.");
}
