using AdaLora.Experiments.Comparison;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Settings;
using Spectre.Console;

namespace AdaLora.Glue.Tests.Comparison;

/// <summary>Leaves the files of a run without training.</summary>
internal sealed class FakeCellRunner : ICellRunner
{
    private readonly Lock _lock = new();

    public List<string> Begun { get; } = [];

    /// <summary>What is added to the primary metric of a run.</summary>
    public Func<RunSettings, double> Bonus { get; set; } = _ => 0;

    /// <summary>Called with the cell's name before it is done.</summary>
    public Action<string> Before { get; set; } = _ => { };

    /// <summary>Cells that fail, with the reason.</summary>
    public Dictionary<string, string> Failures { get; } = [];

    public CellResult Run(ComparisonCell cell, Action<string> tell, CancellationToken cancellationToken)
    {
        lock (_lock)
            Begun.Add(cell.Name);
        Before(cell.Name);
        tell("step 1/600");
        if (cancellationToken.IsCancellationRequested)
            return new CellResult(cell, null);
        if (Failures.TryGetValue(cell.Name, out var reason))
            return new CellResult(cell, null, reason);
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(TextWriter.Null) });
        return new CellResult(cell, new RunSession(new FakeRunner { Bonus = Bonus }, console).Run(cell.Settings, Verbosity.Quiet, cancellationToken));
    }
}
