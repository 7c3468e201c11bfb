namespace AdaLora.Glue.Tasks;

/// <summary>A dev or test set, or one of two that a task has.</summary>
/// <param name="FileSuffix">What its file name has after "dev" or "test", such as "_matched".</param>
/// <param name="MetricSuffix">What the names of its metrics end with; empty for the part that counts.</param>
/// <param name="SubmissionSuffix">What the name of its file of predictions ends with, such as "-m".</param>
internal sealed record GluePart(string FileSuffix, string MetricSuffix, string SubmissionSuffix)
{
    public static GluePart Whole { get; } = new("", "", "");
}
