using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Reports;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Terminal;
using AdaLora.Training.Checkpoints;
using Spectre.Console;

namespace AdaLora.Experiments.Runs;

/// <summary>Carries out one run: progress while it lasts, its files and its ranks afterwards. Callers show results, alone or side by side.</summary>
internal sealed class RunSession(IRunner runner, IAnsiConsole console)
{
    private TextWriter Output => console.Profile.Out.Writer;

    /// <summary>Trains as <paramref name="settings"/> say and writes all files, after a cancellation too.</summary>
    public RunRecord Run(RunSettings settings, Verbosity verbosity, CancellationToken cancellationToken)
    {
        if (settings.Get(RunOptions.Resume) && FinishedRun.Find(settings) is { } finished)
        {
            if (verbosity == Verbosity.Normal)
                Output.WriteLine($"This run has already finished; its results are in {settings.OutputFolder}.");
            RemoveCheckpoints(settings);
            ShowResult(verbosity, finished);
            return finished;
        }

        // Detected before hours of training, not after.
        using var folder = new RunFolder(settings.OutputFolder);
        if (verbosity == Verbosity.Normal)
            console.Write(new Rule($"{settings.Task.Name} · {settings.Method.Name} · seed {settings.Get(RunOptions.Seed)}").LeftJustified());
        var (outcome, record, files) = TrainAndWrite(settings, verbosity, cancellationToken);
        if (outcome.Status == RunStatus.Completed)
            RemoveCheckpoints(settings);
        Show(settings, verbosity, record, outcome.Ranks, [.. files, .. outcome.Files]);
        return record;
    }

    /// <summary>Says what a run would train, and does no more.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public int Plan(RunSettings settings, IRunReporter reporter, CancellationToken cancellationToken)
    {
        var plan = runner.Plan(settings, reporter, cancellationToken);
        Output.Write(plan.Text);
        return plan.IsPossible ? ExitCode.Success : ExitCode.BadInput;
    }

    /// <summary>What the process returns after a run: one of <see cref="ExitCode"/>.</summary>
    public static int ExitCodeOf(RunRecord record) => record.Status == RunStatus.Cancelled ? ExitCode.Cancelled : ExitCode.Success;

    private (RunOutcome Outcome, RunRecord Record, IReadOnlyList<string> Files) TrainAndWrite(RunSettings settings, Verbosity verbosity, CancellationToken cancellationToken)
    {
        try
        {
            var outcome = Train(settings, verbosity, cancellationToken);
            var record = RunRecords.Create(settings, outcome);
            return (outcome, record, RunFiles.Write(settings.OutputFolder, record, outcome.Ranks, outcome.History));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && LastCheckpoint(settings) is not null)
        {
            throw new IOException($"{e.Message} Once this is fixed, run the same command with {RunOptions.Resume} to continue from the last checkpoint.", e);
        }
        catch (MemoryShortage e) when (LastCheckpoint(settings) is { } checkpoint)
        {
            throw new MemoryShortage($"{e.Message} With more memory, the same command with {RunOptions.Resume} continues from {checkpoint}; with other settings, the run starts again.", e);
        }
    }

    private static string? LastCheckpoint(RunSettings settings) => Directory.Exists(settings.CheckpointFolder)
        ? Directory.EnumerateFiles(settings.CheckpointFolder, "checkpoint-*.safetensors").MaxBy(CheckpointStore.BatchesOf)
        : null;

    private static void RemoveCheckpoints(RunSettings settings)
    {
        if (Directory.Exists(settings.CheckpointFolder))
            Directory.Delete(settings.CheckpointFolder, recursive: true);
    }

    private RunOutcome Train(RunSettings settings, Verbosity verbosity, CancellationToken cancellationToken)
    {
        if (verbosity == Verbosity.Normal && console.Profile.Out.IsTerminal && console.Profile.Capabilities.Ansi)
            return LiveReporter.Run(console, "loading", Execute);
        return Execute(verbosity is Verbosity.Normal or Verbosity.Progress ? new PlainReporter(Output) : new SilentReporter());

        RunOutcome Execute(IRunReporter reporter) =>
            runner.Execute(settings, settings.Get(RunOptions.TensorBoard) is { } folder ? new TensorBoardReporter(folder, reporter) : reporter, cancellationToken);
    }

    private void Show(RunSettings settings, Verbosity verbosity, RunRecord record, IReadOnlyList<ModuleRank> ranks, IReadOnlyList<string> files)
    {
        ShowResult(verbosity, record);
        if (verbosity != Verbosity.Normal)
            return;

        RankTable.Write(console, ranks);
        FileList.Write(Output, settings.OutputFolder, files);
        if (record.Status == RunStatus.Cancelled && Directory.Exists(settings.CheckpointFolder))
            Output.WriteLine($"To continue, run the same command with {RunOptions.Resume}.");
    }

    private void ShowResult(Verbosity verbosity, RunRecord record)
    {
        if (verbosity == Verbosity.Json)
            Output.Write(record.ToJson());
        if (verbosity != Verbosity.Quiet)
            return;
        var metrics = record.Final.Select(metric => $"{metric.Key} {Formats.Metric(metric.Value)}");
        Output.WriteLine($"{record.Task} {record.Method} seed {record.Seed}: {string.Join("  ", metrics)}");
    }
}
