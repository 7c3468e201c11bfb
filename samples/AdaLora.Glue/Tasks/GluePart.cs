namespace AdaLora.Glue.Tasks;

/// <summary>A dev or test set, or one of two that a task has.</summary>
/// <param name="FileSuffix">The part of its file name after "dev" or "test", such as "_matched".</param>
/// <param name="MetricSuffix">The ending of the names of its metrics; empty for the part that counts.</param>
/// <param name="SubmissionSuffix">The ending of the name of its prediction file, such as "-m".</param>
internal sealed record GluePart(string FileSuffix, string MetricSuffix, string SubmissionSuffix)
{
    public static GluePart Whole { get; } = new("", "", "");
}
