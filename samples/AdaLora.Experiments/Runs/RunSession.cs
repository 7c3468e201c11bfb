using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Reports;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Terminal;
using AdaLora.Processes;
using AdaLora.Training.Checkpoints;
using Spectre.Console;

namespace AdaLora.Experiments.Runs;

/// <summary>Carries out one run: progress while it lasts, its files and its ranks afterwards. Callers show results, alone or side by side.</summary>
/// <param name="runner">Trains.</param>
/// <param name="console">Where to show it.</param>
/// <param name="group">The processes that share the run, of which only the first shows and writes anything; this one alone if null.</param>
internal sealed class RunSession(IRunner runner, IAnsiConsole console, IProcessGroup? group = null)
{
    private readonly IProcessGroup _group = group ?? ProcessGroup.Single;

    private TextWriter Output => console.Profile.Out.Writer;

    /// <summary>Trains as <paramref name="settings"/> say and writes all files, after a cancellation too.</summary>
    public RunRecord Run(RunSettings settings, Verbosity verbosity, CancellationToken cancellationToken)
    {
        var earlier = settings.Get(RunOptions.Resume) ? FinishedRun.Find(settings) : null;
        var isFinished = _group.OfFirst(earlier is null ? 0 : 1) > 0;
        if (_group.Rank > 0)
            return isFinished ? earlier ?? throw NotShared(settings) : RunRecords.Create(settings, runner.Execute(settings, new SilentReporter(), cancellationToken));
        if (earlier is { } finished)
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

    private static UserInputException NotShared(RunSettings settings) =>
        new($"The run in '{settings.OutputFolder}' has finished, but its folder is not visible on {Environment.MachineName}. Use a folder that all machines share.");

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
