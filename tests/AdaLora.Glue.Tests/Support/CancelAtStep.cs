using AdaLora.Experiments.Reports;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Settings;

namespace AdaLora.Glue.Tests;

/// <summary>A real run that is asked to stop after a step.</summary>
internal sealed class CancelAtStep(IRunner runner, int step, CancellationTokenSource cancel) : IRunner
{
    public RunOutcome Execute(RunSettings settings, IRunReporter reporter, CancellationToken cancellationToken) =>
        runner.Execute(settings, new Reporter(reporter, step, cancel), cancellationToken);

    public RunPlan Plan(RunSettings settings, IRunReporter reporter, CancellationToken cancellationToken) => runner.Plan(settings, reporter, cancellationToken);

    private sealed class Reporter(IRunReporter inner, int step, CancellationTokenSource cancel) : IRunReporter
    {
        public void Note(string message) => inner.Note(message);

        public void Downloading(string file, long received, long? total) => inner.Downloading(file, received, total);

        public void Tokenizing(string file, int done, int total) => inner.Tokenizing(file, done, total);

        public void Step(TrainingStatus status)
        {
            inner.Step(status);
            if (status.Step == step)
                cancel.Cancel();
        }

        public void Evaluated(TaskEvaluation evaluation) => inner.Evaluated(evaluation);
    }
}
