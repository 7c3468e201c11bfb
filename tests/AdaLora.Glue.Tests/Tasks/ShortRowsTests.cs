using AdaLora.Glue.Tasks;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Glue.Tests;

/// <summary>Truncated rows: a few are skipped and reported, in files of every task; more of them, or any in a test set, are an error in the file.</summary>
public sealed class ShortRowsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _notes = [];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("qqp")]
    [InlineData("rte")]
    [InlineData("sst2")]
    [InlineData("stsb")]
    public void A_hundredth_of_the_rows_is_left_out_and_told(string name)
    {
        Write(name, 700, "train.tsv", 3, 10, 300, 301, 302, 500, 699);

        var examples = GlueReader.Read(_folder.Path, GlueTasks.Find(name), GlueSplit.Train, note: _notes.Add);

        Assert.Equal(693, examples.Count);
        var note = Assert.Single(_notes);
        Assert.Contains("train.tsv", note, StringComparison.Ordinal);
        Assert.Contains("7 of 700 rows", note, StringComparison.Ordinal);
        Assert.Contains("lines 3, 10, 300, 301, 302, …", note, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("qqp")]
    [InlineData("rte")]
    public void More_are_refused_with_their_lines(string name)
    {
        Write(name, 700, "dev.tsv", 3, 10, 300, 301, 302, 303, 500, 699);

        var error = Assert.Throws<DataFormatException>(() => GlueReader.Read(_folder.Path, GlueTasks.Find(name), GlueSplit.Dev, note: _notes.Add));

        Assert.Equal([3, 10, 300, 301, 302, 303, 500, 699], error.Problems.Select(problem => problem.Line));
        Assert.Contains("8 problems", error.Message, StringComparison.Ordinal);
        Assert.Empty(_notes);
    }

    /// <summary>The answers to a test set are identified by the number of the row.</summary>
    [Fact]
    public void In_a_test_set_none_is_left_out()
    {
        Write("qqp", 700, "test.tsv", 3);

        Assert.Equal(3, Assert.Single(Assert.Throws<DataFormatException>(() => GlueReader.Read(_folder.Path, GlueTasks.Find("qqp"), GlueSplit.Test)).Problems).Line);
    }

    [Fact]
    public void Nothing_is_said_of_a_whole_file()
    {
        Write("qqp", 3, "train.tsv");

        Assert.Equal(3, GlueReader.Read(_folder.Path, GlueTasks.Find("qqp"), GlueSplit.Train, note: _notes.Add).Count);
        Assert.Empty(_notes);
    }

    private void Write(string name, int rows, string file, params int[] shortLines)
    {
        var task = GlueTasks.Find(name);
        string[] header = task.Columns.Pair is { } pair ? ["id", task.Columns.Text, pair, task.Columns.Label] : ["id", task.Columns.Text, task.Columns.Label];
        var label = task.IsRegression ? "2.5" : task.LabelSpellings[0];
        var lines = Enumerable.Range(2, rows).Select(line => shortLines.Contains(line) ? $"{line}\tcut" : string.Join('\t', header.Select(column => column == task.Columns.Label ? label : $"{line}")));
        _ = _folder.Write(file, string.Join('\n', lines.Prepend(string.Join('\t', header))) + "\n");
    }
}
