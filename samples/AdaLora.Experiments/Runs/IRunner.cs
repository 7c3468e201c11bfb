using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Reports;
using AdaLora.Experiments.Settings;

namespace AdaLora.Experiments.Runs;

/// <summary>Fine-tunes a model on a task.</summary>
internal interface IRunner
{
    /// <summary>Loads data and model, trains, evaluates, and writes the adapter into the output folder; the caller writes the other files.</summary>
    /// <param name="settings">Valid settings.</param>
    /// <param name="reporter">Receives a report of every step.</param>
    /// <param name="cancellationToken">Asks to stop after the current step; the outcome then says <see cref="RunStatus.Cancelled"/>.</param>
    /// <exception cref="UserInputException">Data or model cannot be used.</exception>
    /// <exception cref="OperationCanceledException">Cancelled before there was anything to record.</exception>
    RunOutcome Execute(RunSettings settings, IRunReporter reporter, CancellationToken cancellationToken);

    /// <summary>Loads the model, but no data, and says what would be trained; writes nothing.</summary>
    /// <inheritdoc cref="Execute" path="/param|/exception"/>
    RunPlan Plan(RunSettings settings, IRunReporter reporter, CancellationToken cancellationToken);
}
