using AdaLora.Experiments.Reports;
using AdaLora.Experiments.Terminal;
using Spectre.Console;
using Xunit;

namespace AdaLora.Glue.Tests.Terminal;

public sealed class TableTests
{
    private readonly StringWriter _output = new();
    private readonly IAnsiConsole _console;

    public TableTests()
    {
        _console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(_output) });
        _console.Profile.Width = 160;
    }

    [Fact]
    public void Ranks_stand_at_their_matrix_and_layer_with_sums()
    {
        RankTable.Write(_console, [new("m.0.query", 8, 3), new("m.1.query", 8, 0), new("m.0.value[x]", 8, 8)]);

        Assert.Equal(["query", "3", "0", "3"], Cells("query"));
        Assert.Equal(["value[x]", "8", "", "8"], Cells("value[x]"));
        Assert.Equal(["sum", "11", "0", "11"], Cells("sum"));
    }

    [Fact]
    public void Without_ranks_there_is_no_table()
    {
        RankTable.Write(_console, []);

        Assert.Empty(_output.ToString());
    }

    [Fact]
    public void Results_of_methods_stand_side_by_side()
    {
        var adalora = FakeRecord.Create([]);
        var frozen = FakeRecord.Create([], "frozen", RunStatus.Cancelled, final: new Dictionary<string, double?>(), trainable: new(99, 99), stepMilliseconds: double.NaN);

        SummaryTable.Write(_console, [adalora, frozen]);

        Assert.Equal(["adalora", "0.240", "0.748", "0.240", "200,000 → 150,000", "10:42", "450"], Cells("adalora"));
        Assert.Equal(["frozen (cancelled)", "undefined", "undefined", "0.240", "99", "10:42", ""], Cells("frozen"));
    }

    [Fact]
    public void Files_are_told_with_their_folder()
    {
        FileList.Write(_output, "runs/x", [Path.Combine("runs", "x", "a.json"), Path.Combine("runs", "x", "adapter", "b.bin")]);

        Assert.Equal($"Files in runs/x: a.json, {Path.Combine("adapter", "b.bin")}", _output.ToString().TrimEnd());
    }

    /// <summary>The cells of the last row whose first cell begins with <paramref name="start"/>.</summary>
    private string[] Cells(string start) =>
        [.. _output.ToString().Split('\n').Select(line => line.Split('│'))
            .Last(cells => cells.Length > 2 && cells[1].Trim().StartsWith(start, StringComparison.Ordinal))[1..^1].Select(cell => cell.Trim())];
}
