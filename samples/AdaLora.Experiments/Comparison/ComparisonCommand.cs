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
    private readonly Option<bool> _quiet = new("--quiet") { Description = "Report completed runs only." };
    private readonly Option<IReadOnlyList<int>?> _seeds =
        ParsedOption.Create<IReadOnlyList<int>?>("--seeds", "Seeds of the runs, such as 1,2,3 or 1-5. [default: 1,2,3]", "NUMBERS", ListArguments.Numbers);
    private readonly string _name;
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
        _runner = runner;
        _options = new RunOptionSet(catalog, RunOptions.All.Where(option => !option.IsOfOneRun && !without.Contains(option)));
        _output = new Option<string>(RunOptions.Output.Name)
        {
            Description = "Folder for all runs and for the tables. Runs that already finished there with the same options are not repeated.",
            HelpName = "DIR",
            DefaultValueFactory = _ => Path.Combine("runs", name),
        };
        command.Add(_seeds);
        _options.AddTo(command);
        foreach (var option in (Option[])[_output, _jobs, _quiet])
            command.Add(option);
    }

    public IReadOnlyList<int> Seeds(ParseResult line) => line.GetValue(_seeds) is { Count: > 0 } given ? given : [1, 2, 3];

    /// <summary>The settings that the command line specifies, with a task and a method.</summary>
    public RunSettings Bind(ParseResult line, ITask task, TrainingMethod method) => _options.Bind(line, RunSettings.Of(task, method));

    /// <summary>Options that were given and that none of the methods reads.</summary>
    public IReadOnlyList<string> Ignored(ParseResult line, IReadOnlyList<TrainingMethod> methods) => _options.Ignored(line, methods);

    /// <summary>A run of this command, with its folder inside the output folder.</summary>
    public ComparisonCell Cell(ParseResult line, string panel, string row, RunSettings settings, int seed)
    {
        var folder = string.Join('-', (string[])[settings.Task.Name, .. row.Split(' ', '/'), $"{seed}"]);
        return new ComparisonCell(panel, row, settings.With(RunOptions.Seed, seed).With(RunOptions.Resume, true).With(RunOptions.Output, Path.Combine(line.GetRequiredValue(_output), folder)));
    }

    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public int Run(ParseResult line, string title, IReadOnlyList<ComparisonCell> cells, CancellationToken cancellationToken)
    {
        var output = line.InvocationConfiguration.Output;
        var folder = line.GetRequiredValue(_output);
        var jobs = line.GetValue(_jobs);
        if (jobs < 1)
            throw new UserInputException($"--jobs: must be at least 1, but is {jobs}.");
        var files = new ComparisonFiles(folder, _name, title);
        var results = new ComparisonSession(_runner, output, line.GetValue(_quiet)).Run(cells, jobs, files.Write, cancellationToken);
        ComparisonReport.Write(TableConsole.On(output), RowSummary.Of(results));
        FileList.Write(output, folder, [files.Table, files.Runs, files.Picture]);
        foreach (var failed in results.Where(result => result.Error is not null))
            line.InvocationConfiguration.Error.WriteLine($"Failed: {failed.Cell.Name}: {failed.Error}");
        if (!cancellationToken.IsCancellationRequested)
            return results.Any(result => result.Error is not null) ? ExitCode.Failure : ExitCode.Success;
        output.WriteLine("Stopped. Run the same command again to continue.");
        return ExitCode.Cancelled;
    }
}
