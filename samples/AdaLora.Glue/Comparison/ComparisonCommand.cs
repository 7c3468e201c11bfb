using System.CommandLine;

namespace AdaLora.Glue;

/// <summary>What commands that make many runs have in common: where they write, how many run at a time, and how they end.</summary>
internal sealed class ComparisonCommand
{
    private readonly Option<string> _output;
    private readonly Option<int> _jobs = ParsedOption.Number("--jobs", "Runs at a time, each in a process of its own; give them --threads too, so that they share the processor.", 1);
    private readonly Option<bool> _quiet = new(TrainOptionNames.Quiet) { Description = "Tell of whole runs only." };
    private readonly Option<IReadOnlyList<int>?> _seeds = ParsedOption.Create<IReadOnlyList<int>?>("--seeds", "Seeds of the runs, such as 1,2,3 or 1-5. [default: 1,2,3]", "NUMBERS", ListArguments.Numbers);
    private readonly string _name;
    private readonly ICellRunner _runner;

    /// <param name="command">Gets the options.</param>
    /// <param name="name">The name of the output folder and of the files in it.</param>
    /// <param name="runner">Carries out the runs.</param>
    /// <param name="without">Options of single runs that make no sense here.</param>
    public ComparisonCommand(Command command, string name, ICellRunner runner, params IReadOnlyList<string> without)
    {
        _name = name;
        _runner = runner;
        _output = new Option<string>(TrainOptionNames.Output)
        {
            Description = "Folder for all runs and for the tables. Runs that have ended there with the same options are not done again.",
            HelpName = "DIR",
            DefaultValueFactory = _ => Path.Combine("runs", name),
        };
        foreach (var option in (Option[])[_seeds, .. Train.All.Except(Train.OfOneRun).Where(option => !without.Contains(option.Name)), _output, _jobs, _quiet])
            command.Add(option);
    }

    /// <summary>The options of single runs.</summary>
    public TrainOptions Train { get; } = new();

    public IReadOnlyList<int> Seeds(ParseResult line) => line.GetValue(_seeds) is { Count: > 0 } given ? given : [1, 2, 3];

    /// <summary>A run of this command, with its folder inside the output folder.</summary>
    public ComparisonCell Cell(ParseResult line, string panel, string row, TrainSettings settings)
    {
        var folder = string.Join('-', (string[])[settings.Task.Name, .. row.Split(' ', '/'), $"{settings.Seed}"]);
        return new ComparisonCell(panel, row, settings with { Resume = true, Output = Path.Combine(line.GetRequiredValue(_output), folder) });
    }

    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public int Run(ParseResult line, string title, IReadOnlyList<ComparisonCell> cells, CancellationToken cancellationToken)
    {
        var output = line.InvocationConfiguration.Output;
        var folder = line.GetRequiredValue(_output);
        var jobs = line.GetValue(_jobs);
        if (jobs < 1)
            throw new UserInputException($"--jobs: must be at least 1, is {jobs}.");
        var files = new ComparisonFiles(folder, _name, title);
        var results = new ComparisonSession(_runner, output, line.GetValue(_quiet)).Run(cells, jobs, files.Write, cancellationToken);
        ComparisonReport.Write(TableConsole.On(output), RowSummary.Of(results));
        FileList.Write(output, folder, [files.Table, files.Runs, files.Picture]);
        foreach (var failed in results.Where(result => result.Error is not null))
            line.InvocationConfiguration.Error.WriteLine($"Failed: {failed.Cell.Name}: {failed.Error}");
        if (!cancellationToken.IsCancellationRequested)
            return results.Any(result => result.Error is not null) ? ExitCode.Failure : ExitCode.Success;
        output.WriteLine("Stopped. To go on from here, give the same command again.");
        return ExitCode.Cancelled;
    }
}
