using AdaLora.Experiments.Reports;

namespace AdaLora.Experiments.Terminal;

/// <summary>Reports in plain lines, for logs and pipes.</summary>
/// <param name="output">Where the lines go.</param>
/// <param name="lines">About how many lines are written for the steps of a run.</param>
internal sealed class PlainReporter(TextWriter output, int lines = 20) : IRunReporter
{
    private const int PartsOfLargeFiles = 10;
    private const int LargeFile = 10_000_000;

    private const int ManyTexts = 20_000;

    private (string Work, long Part) _told;

    public void Note(string message) => output.WriteLine(message);

    public void Downloading(string file, long received, long? total)
    {
        if (IsNextPart(file, received, total ?? received, total >= LargeFile ? PartsOfLargeFiles : 1))
            output.WriteLine($"downloading {file}  {StatusText.Downloaded(received, total)}");
    }

    public void Tokenizing(string file, int done, int total)
    {
        if (total >= ManyTexts && IsNextPart($"tokenizing {file}", done, total, PartsOfLargeFiles))
            output.WriteLine($"tokenizing {file}  {StatusText.Tokenized(done, total)}");
    }

    public void Step(TrainingStatus status)
    {
        var every = Math.Max(1, status.TotalSteps / lines);
        if (status.Step == 1 || status.Step % every == 0 || status.Step == status.TotalSteps)
            output.WriteLine($"step {status.Step}/{status.TotalSteps}  {StatusText.Figures(status)}");
    }

    public void Evaluated(TaskEvaluation evaluation) => output.WriteLine(StatusText.Evaluated(evaluation));

    // Whether another one of a number of equal parts is done, which is reported once.
    private bool IsNextPart(string work, long done, long total, int parts)
    {
        var part = total > 0 ? done * parts / total : parts;
        if (part == 0 || _told == (work, part))
            return false;
        _told = (work, part);
        return true;
    }
}
