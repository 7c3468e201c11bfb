using System.CommandLine;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using AdaLora.Experiments.Terminal;

namespace AdaLora.Experiments.Comparison;

/// <summary>What commands with many runs have in common: where they write, how many run at a time, and how they end.</summary>
internal sealed class ComparisonCommand
{
    private readonly Option<string> _output;
    private readonly Option<int> _jobs = ParsedOption.Number("--jobs", "Runs at a time, each in its own process; set --threads as well, so that they share the processor.", 1);
    private readonly Option<Shard> _shard = ParsedOption.WithDefault(
        "--shard", "Carry out the i-th of n parts of the runs, such as 2/4: the same command with other parts on other machines does the rest, in the same or in a copied folder.", "I/N", Shard.Parse, Shard.Whole);

    private readonly Option<bool> _quiet = new("--quiet") { Description = "Report completed runs only." };
    private readonly Option<IReadOnlyList<int>?> _seeds =
        ParsedOption.Create<IReadOnlyList<int>?>("--seeds", "Seeds of the runs, such as 1,2,3 or 1-5. [default: 1,2,3]", "NUMBERS", ListArguments.Numbers);
    private readonly Option<string?> _against;
    private readonly string _name;
    private readonly Catalog _catalog;
    private readonly ICellRunner _runner;
    private readonly RunOptionSet _options;

    /// <param name="command">Receives the options.</param>
    /// <param name="name">The name of the output folder and of the files in it.</param>
    /// <param name="catalog">What there is to train.</param>
    /// <param name="runner">Carries out the runs.</param>
    /// <param name="without">Options of single runs that make no sense here.</param>
    public ComparisonCommand(Command command, string name, Catalog catalog, ICellRunner runner, params IReadOnlyList<RunOption> without)
    {
        _name = name;
        _catalog = catalog;
        _runner = runner;
        _options = new RunOptionSet(catalog, catalog.Options.Where(option => !option.IsOfOneRun && !without.Contains(option)));
        _output = new Option<string>(RunOptions.Output.Name)
        {
            Description = "Folder for all runs and for the tables. Runs that already finished there with the same options are not repeated.",
            HelpName = "DIR",
            DefaultValueFactory = _ => Path.Combine("runs", name),
        };
        command.Add(_seeds);
        _options.AddTo(command);
        _against = new Option<string?>("--against") { Description = "The row that the others are tested against, in pairs of runs with the same seed: paired bootstrap and Wilcoxon's test.", HelpName = "NAME" };
        foreach (var option in (Option[])[_output, _jobs, _shard, _quiet, _against])
            command.Add(option);
    }

    public IReadOnlyList<int> Seeds(ParseResult line) => line.GetValue(_seeds) is { Count: > 0 } given ? given : [1, 2, 3];

    /// <summary>The settings that the command line specifies, with a method.</summary>
    /// <param name="line">The command line.</param>
    /// <param name="task">The task; null for the one that follows from other options.</param>
    /// <param name="method">The method.</param>
    public RunSettings Bind(ParseResult line, ITask? task, TrainingMethod method)
    {
        var settings = RunSettings.Of(_catalog).With(RunOptions.Method, method);
        return _options.Bind(line, task is null ? settings : settings.With(RunOptions.Task, task));
    }

    /// <summary>Options that were given and that none of the methods reads.</summary>
    public IReadOnlyList<string> Ignored(ParseResult line, IReadOnlyList<TrainingMethod> methods) => _options.Ignored(line, methods);

    /// <summary>A run of this command, with its folder inside the output folder.</summary>
    public ComparisonCell Cell(ParseResult line, string panel, string row, RunSettings settings, int seed, string? choice = null) =>
        Cell(line.GetRequiredValue(_output), panel, row, settings, seed, choice);

    private static ComparisonCell Cell(string output, string panel, string row, RunSettings settings, int seed, string? choice = null)
    {
        var folder = string.Join('-', (string[])[settings.Task.Name, .. row.Split(' ', '/'), $"{seed}"]);
        return new ComparisonCell(panel, row, settings.With(RunOptions.Seed, seed).With(RunOptions.Resume, true).With(RunOptions.Output, Path.Combine(output, folder)), choice);
    }

    /// <summary>Trains every candidate of a sweep once, with the first seed and a part of the training set kept aside, and returns the best of each.</summary>
    /// <param name="line">The command line.</param>
    /// <param name="sweep">What to try.</param>
    /// <param name="rows">Panel, row, and the settings without what is tried.</param>
    /// <param name="cancellationToken">Stops; what was tried is kept.</param>
    /// <returns>The rows with what was chosen; those of which no candidate could be trained are missing, and so are all if the sweep was stopped.</returns>
    /// <exception cref="UserInputException">Some of the candidates belong to other parts, which have not finished them.</exception>
    public IReadOnlyList<(string Panel, string Row, RunSettings Settings, string? Choice)> Try(
        ParseResult line, LearningRateSweep sweep, IEnumerable<(string Panel, string Row, RunSettings Settings)> rows, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(line.GetRequiredValue(_output), "sweep");
        var tried = rows.SelectMany(row => sweep.Candidates(line, row.Settings).Select(candidate => (Row: row, candidate.Name, candidate.Settings))).ToList();
        var cells = tried.Select(t => Cell(folder, t.Row.Panel, $"{t.Row.Row} {t.Name}", sweep.HoldOut(line, t.Settings), Seeds(line)[0])).ToList();
        var results = Train(line, new ComparisonFiles(folder, "sweep", "What was tried, on examples of the training set that were kept aside"), cells, cancellationToken);
        if (results.Count < cells.Count && !cancellationToken.IsCancellationRequested)
        {
            throw new UserInputException(
                $"--shard: {cells.Count - results.Count} of {cells.Count} runs of the sweep belong to other parts and are not in '{folder}' yet; run the same command again when they are.");
        }

        return cancellationToken.IsCancellationRequested ? [] :
        [
            .. tried.Zip(cells).GroupBy(t => (t.First.Row.Panel, t.First.Row.Row))
                .Select(group => group.Select(t => (t.First, results.FirstOrDefault(r => r.Cell == t.Second)?.Score)).Where(t => t.Score is not null).ToList())
                .Where(scored => scored.Count > 0)
                .Select(scored => scored.MaxBy(t => t.Score).First)
                .Select(best => (best.Row.Panel, best.Row.Row, best.Settings, (string?)best.Name)),
        ];
    }

    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public int Run(ParseResult line, string title, IReadOnlyList<ComparisonCell> cells, CancellationToken cancellationToken)
    {
        var output = line.InvocationConfiguration.Output;
        var against = line.GetValue(_against);
        if (against is not null && !cells.Any(cell => cell.Row == against))
            throw new UserInputException($"--against: there is no row '{against}'; use one of {string.Join(", ", cells.Select(cell => cell.Row).Distinct())}.");
        var results = Train(line, new ComparisonFiles(line.GetRequiredValue(_output), _name, title, against), cells, cancellationToken);
        if (against is not null)
            ComparisonReport.Write(TableConsole.On(output), RowContrast.Of(results, against));
        if (!cancellationToken.IsCancellationRequested)
            return results.Any(result => result.Error is not null) ? ExitCode.Failure : ExitCode.Success;
        return Stopped(line);
    }

    /// <returns>What the process returns if it was asked to stop.</returns>
    public static int Stopped(ParseResult line)
    {
        line.InvocationConfiguration.Output.WriteLine("Stopped. Run the same command again to continue.");
        return ExitCode.Cancelled;
    }

    private IReadOnlyList<CellResult> Train(ParseResult line, ComparisonFiles files, IReadOnlyList<ComparisonCell> cells, CancellationToken cancellationToken)
    {
        var output = line.InvocationConfiguration.Output;
        var jobs = line.GetValue(_jobs);
        if (jobs < 1)
            throw new UserInputException($"--jobs: must be at least 1, but is {jobs}.");
        var results = new ComparisonSession(_runner, output, line.GetValue(_quiet), line.GetRequiredValue(_shard)).Run(cells, jobs, files.Write, cancellationToken);
        ComparisonReport.Write(TableConsole.On(output), RowSummary.Of(results));
        FileList.Write(output, files.Folder, new[] { files.Table, files.Runs, files.Picture, files.Curves }.Where(File.Exists));
        foreach (var failed in results.Where(result => result.Error is not null))
            line.InvocationConfiguration.Error.WriteLine($"Failed: {failed.Cell.Name}: {failed.Error}");
        return results;
    }
}
