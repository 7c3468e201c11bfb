namespace AdaLora.Glue;

/// <summary>Keeps the status of every step for the pictures and passes everything on.</summary>
internal sealed class RecordingReporter(IRunReporter next) : IRunReporter
{
    private readonly List<TrainingStatus> _history = [];

    public IReadOnlyList<TrainingStatus> History => _history;

    public void Note(string message) => next.Note(message);

    public void Downloading(string file, long received, long? total) => next.Downloading(file, received, total);

    public void Step(TrainingStatus status)
    {
        _history.Add(status);
        next.Step(status);
    }

    public void Evaluated(Evaluation evaluation) => next.Evaluated(evaluation);
}
