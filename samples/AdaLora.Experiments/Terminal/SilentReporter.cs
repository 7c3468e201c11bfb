using AdaLora.Experiments.Reports;

namespace AdaLora.Experiments.Terminal;

/// <summary>Says nothing.</summary>
internal sealed class SilentReporter : IRunReporter
{
    public void Note(string message)
    {
    }

    public void Downloading(string file, long received, long? total)
    {
    }

    public void Tokenizing(string file, int done, int total)
    {
    }

    public void Step(TrainingStatus status)
    {
    }

    public void Evaluated(TaskEvaluation evaluation)
    {
    }
}
