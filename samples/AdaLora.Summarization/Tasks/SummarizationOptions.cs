using AdaLora.Experiments.Settings;
using AdaLora.Summarization.Data;

namespace AdaLora.Summarization.Tasks;

/// <summary>The options of a run that only summarisation has.</summary>
internal static class SummarizationOptions
{
    public static RunOption<string?> Dev { get; } = new(DocumentFolder.DevOption, "The dev set. [default: dev, validation or test in the folder of the data]", path => path)
    {
        HelpName = "FILE",
        Problem = (path, _) => path is null || File.Exists(path) ? null : $"the file '{path}' does not exist",
    };

    public static RunOption<string> TextColumn { get; } = Column("--text-column", "The column of the texts.", task => task.TextColumn);

    public static RunOption<string> SummaryColumn { get; } = Column("--summary-column", "The column of the summaries.", task => task.SummaryColumn);

    public static RunOption<string?> Prefix { get; } =
        new("--prefix", $"What stands in front of each text. [default: \"{SummarizationData.T5Prefix}\" for T5, nothing for others]", prefix => prefix) { HelpName = "TEXT" };

    public static RunOption<int> MaxSourceLength { get; } =
        new NumberOption<int>("--max-source-length", "Tokens of a text; longer ones are truncated. [default: the task's]", run => Of(run).SourceLength) { Bound = Bound.AtLeast(4) };

    public static RunOption<int> MaxTargetLength { get; } =
        new NumberOption<int>("--max-target-length", "Tokens of a summary, to train on and to write. [default: the task's]", run => Of(run).TargetLength) { Bound = Bound.AtLeast(2) };

    public static RunOption<int> MinTargetLength { get; } =
        new NumberOption<int>("--min-target-length", "Tokens that a summary has at least. [default: the task's]", run => Of(run).MinTargetLength) { Bound = Bound.AtLeast(0) };

    public static RunOption<int> Beams { get; } =
        new NumberOption<int>("--beams", "Beams to write with; 1 for the likeliest tokens. [default: the task's]", run => Of(run).Beams) { Bound = Bound.AtLeast(1) };

    public static RunOption<double> LengthPenalty { get; } = new NumberOption<double>(
        "--length-penalty", "The exponent of the length that scores of beams are divided by. [default: the task's]", run => Of(run).LengthPenalty)
    { Bound = new Bound<double>("a number", double.IsFinite) };

    public static RunOption<int> NoRepeatNgrams { get; } =
        new NumberOption<int>("--no-repeat-ngrams", "Sequences of so many tokens never occur twice in a summary; 0 for any.", 3) { Bound = Bound.AtLeast(0) };

    public static RunOption<double> LabelSmoothing { get; } =
        new NumberOption<double>("--label-smoothing", "The part of the probability that is spread over all words.", 0.1) { Bound = Bound.BelowOne };

    /// <summary>Those that an evaluation may change.</summary>
    public static IReadOnlyList<RunOption> OfEvaluation { get; } = [Beams, LengthPenalty, MinTargetLength, NoRepeatNgrams];

    public static IReadOnlyList<RunOption> All { get; } = [Dev, TextColumn, SummaryColumn, Prefix, MaxSourceLength, MaxTargetLength, LabelSmoothing, .. OfEvaluation];

    private static RunOption<string> Column(string name, string description, Func<SummarizationTask, string> usual) =>
        new(name, $"{description} [default: the task's]", column => column)
        {
            HelpName = "NAME",
            Default = run => usual(Of(run)),
        };

    private static SummarizationTask Of(RunSettings run) => (SummarizationTask)run.Task;
}
