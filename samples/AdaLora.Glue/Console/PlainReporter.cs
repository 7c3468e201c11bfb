namespace AdaLora.Glue;

/// <summary>Reports in plain lines, for logs and pipes.</summary>
/// <param name="output">Where the lines go.</param>
/// <param name="lines">About how many lines the steps of a run make.</param>
internal sealed class PlainReporter(TextWriter output, int lines = 20) : IRunReporter
{
    private const int PartsOfLargeFiles = 10;
    private const int LargeFile = 10_000_000;

    private (string File, long Part) _downloaded;

    public void Note(string message) => output.WriteLine(message);

    public void Downloading(string file, long received, long? total)
    {
        var parts = total >= LargeFile ? PartsOfLargeFiles : 1;
        var part = total is > 0 and var whole ? received * parts / whole : parts;
        if (part == 0 || _downloaded == (file, part))
            return;
        _downloaded = (file, part);
        output.WriteLine($"downloading {file}  {StatusText.Downloaded(received, total)}");
    }

    public void Step(TrainingStatus status)
    {
        var every = Math.Max(1, status.TotalSteps / lines);
        if (status.Step == 1 || status.Step % every == 0 || status.Step == status.TotalSteps)
            output.WriteLine($"step {status.Step}/{status.TotalSteps}  {StatusText.Figures(status)}");
    }

    public void Evaluated(Evaluation evaluation) => output.WriteLine(StatusText.Evaluated(evaluation));
}
