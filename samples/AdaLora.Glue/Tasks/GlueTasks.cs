namespace AdaLora.Glue;

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
            Columns = new("sentence", null, "label") { WithoutHeader = ["", "label", "", "sentence"] },
            ClassNames = ["unacceptable", "acceptable"],
            LabelSpellings = Digits,
            Metrics = [MetricNames.Matthews, MetricNames.Accuracy],
        },
        new()
        {
            Name = "sst2",
            Folder = "SST-2",
            Columns = new("sentence", null, "label"),
            ClassNames = ["negative", "positive"],
            LabelSpellings = Digits,
            Metrics = [MetricNames.Accuracy],
        },
        new()
        {
            Name = "mrpc",
            Folder = "MRPC",
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
            Columns = new("question1", "question2", "is_duplicate"),
            ClassNames = ["not_duplicate", "duplicate"],
            LabelSpellings = Digits,
            LeavesOutShortRows = true,
            // As for MRPC.
            Metrics = [MetricNames.Accuracy, MetricNames.F1],
        },
        new()
        {
            Name = "mnli",
            Folder = "MNLI",
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
            Columns = new("question", "sentence", "label"),
            ClassNames = ["entailment", "not_entailment"],
            LabelSpellings = ["entailment", "not_entailment"],
            Metrics = [MetricNames.Accuracy],
        },
        new()
        {
            Name = "rte",
            Folder = "RTE",
            Columns = new("sentence1", "sentence2", "label"),
            ClassNames = ["entailment", "not_entailment"],
            LabelSpellings = ["entailment", "not_entailment"],
            Metrics = [MetricNames.Accuracy],
        },
        new()
        {
            Name = "wnli",
            Folder = "WNLI",
            Columns = new("sentence1", "sentence2", "label"),
            ClassNames = ["not_entailment", "entailment"],
            LabelSpellings = Digits,
            Metrics = [MetricNames.Accuracy],
        },
    ];

    /// <summary>The task with this command-line name or folder name, in any letter case.</summary>
    /// <exception cref="UserInputException">There is no such task.</exception>
    public static GlueTask Find(string name) =>
        All.FirstOrDefault(task => Is(task.Name, name) || Is(task.Folder, name))
        ?? throw new UserInputException($"There is no task '{name}'. Use one of: {string.Join(", ", All.Select(task => task.Name))}.");

    private static bool Is(string known, string name) => string.Equals(known, name, StringComparison.OrdinalIgnoreCase);
}
