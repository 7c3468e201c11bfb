using AdaLora.Experiments.Settings;

namespace AdaLora.Squad.Tasks;

/// <summary>The options of a run that only questions have.</summary>
internal static class SquadOptions
{
    public static RunOption<int> Version { get; } = new NumberOption<int>("--version", "The version of SQuAD: 1, where every question has an answer, or 2, where some have none.", 1)
    { Bound = new Bound<int>("1 or 2", value => value is 1 or 2) };

    public static RunOption<string?> Dev { get; } = new("--dev", "Another dev set, in SQuAD's format. [default: the folder's]", path => path)
    {
        HelpName = "FILE",
        Problem = (path, _) => path is null || File.Exists(path) ? null : $"the file '{path}' does not exist",
    };

    public static RunOption<bool> NewTitles { get; } = new("--new-titles", "Leave out those articles of the dev set whose titles occur in the training set.", value => value);

    public static RunOption<int> Stride { get; } = new NumberOption<int>("--stride", "Tokens that neighbouring windows of a long text have in common.", 128) { Bound = Bound.AtLeast(0) };

    public static RunOption<int> BestCount { get; } = new NumberOption<int>("--n-best", "Answers that are kept for each question.", 20) { Bound = Bound.AtLeast(1) };

    public static RunOption<int> MaxAnswerLength { get; } = new NumberOption<int>("--max-answer-length", "The greatest length of an answer, in tokens.", 30) { Bound = Bound.AtLeast(1) };

    public static RunOption<double> NullThreshold { get; } = new NumberOption<double>(
        "--null-threshold", "Version 2: a question has no answer if the score of \"no answer\" is above that of the best answer by more than this.", 0)
    { Bound = new Bound<double>("a number", double.IsFinite) };

    /// <summary>Those that an evaluation may change.</summary>
    public static IReadOnlyList<RunOption> OfEvaluation { get; } = [NewTitles, BestCount, MaxAnswerLength, NullThreshold];

    public static IReadOnlyList<RunOption> All { get; } = [Version, Dev, Stride, .. OfEvaluation];
}
