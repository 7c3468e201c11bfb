using System.Text;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Tables;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Glue.Tests.Tables;

public sealed class TableFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a.csv", "label,text\n1,good\n\n0,\"bad, \"\"very\"\"\nbad\"\n2,last")]
    [InlineData("a.tsv", "label\tid\ttext\r\n1\tx\tgood\r\n0\ty\t\"bad, \"\"very\"\"\nbad\"\r\n2\tz\tlast\r\n")]
    [InlineData("a.CSV", "\uFEFFtext,label\ngood,1\n\"bad, \"\"very\"\"\nbad\",0\nlast,2\n")]
    [InlineData("a.jsonl", "{\"text\": \"good\", \"label\": 1}\n\n{\"label\": \"0\", \"text\": \"bad, \\\"very\\\"\\nbad\", \"more\": {}}\n{\"text\": \"last\", \"label\": 2}\n")]
    public void Columns_are_read_by_their_names(string name, string content)
    {
        var rows = TableFile.Read(Write(name, content), ["text", "label"]);

        Assert.Equal([["good", "1"], ["bad, \"very\"\nbad", "0"], ["last", "2"]], rows.Select(row => row.Cells.Select(Assert.Single)));
        Assert.True(rows[0].Line < rows[1].Line && rows[1].Line < rows[2].Line);
    }

    [Fact]
    public void A_list_is_several_texts_and_numbers_stay_as_they_are_written() =>
        Assert.Equal([["a", "1.50", "true"], []], TableFile.Read(Write("a.ndjson", "{\"x\": [\"a\", 1.50, true, null]}\n{\"x\": []}\n"), ["x"]).Select(row => row.Cells[0]));

    [Theory]
    [InlineData("a.csv", "text,label\ngood,1\n", "has no column 'topic'; its columns are text, label")]
    [InlineData("a.csv", "text,topic\ngood\n", "line 2: has 1 cells, but the header names more")]
    [InlineData("a.csv", "text,topic\n\"a\nb\",1\na \"quoted\" word,1\n", "line 4: a quote stands inside a cell")]
    [InlineData("a.csv", "", "there are no rows")]
    [InlineData("a.csv", "text,topic\n", "there are no rows")]
    [InlineData("a.jsonl", "{\"text\": \"a\", \"topic\": 1}\n[]\n", "line 2: is not an object")]
    [InlineData("a.jsonl", "{\"text\": \"a\", \"topic\": null, \"more\": 1}\n", "line 1: has no text 'topic' among text, topic, more")]
    [InlineData("a.jsonl", "{\"text\": \"a\"\n", "line 1: is not JSON")]
    [InlineData("a.jsonl", "{\"text\": \"a\", \"topic\": {}}\n", "line 1: has no text 'topic'")]
    [InlineData("a.xlsx", "text", "its name must end in one of .csv, .tsv, .jsonl, .ndjson")]
    public void What_cannot_be_read_is_named(string name, string content, string problem)
    {
        var e = Assert.Throws<UserInputException>(() => TableFile.Read(Write(name, content), ["text", "topic"]));

        Assert.Contains(problem, e.Message, StringComparison.Ordinal);
        Assert.Contains(name, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Many_problems_are_counted()
    {
        var e = Assert.Throws<UserInputException>(() => TableFile.Read(Write("a.jsonl", string.Concat(Enumerable.Repeat("{}\n", 25))), ["text"]));

        Assert.Contains("line 10: ", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("line 11: ", e.Message, StringComparison.Ordinal);
        Assert.EndsWith("; and 15 more.", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a.csv")]
    [InlineData("a.jsonl")]
    public void Other_encodings_and_missing_files_are_refused(string name)
    {
        File.WriteAllBytes(_folder.File(name), [.. "text\n"u8, .. Encoding.Latin1.GetBytes("caf\u00E9\n")]);

        Assert.Contains("is not UTF-8 text", Assert.Throws<UserInputException>(() => TableFile.Read(_folder.File(name), ["text"])).Message, StringComparison.Ordinal);
        Assert.Contains("does not exist", Assert.Throws<UserInputException>(() => TableFile.Read(_folder.File("b.csv"), ["text"])).Message, StringComparison.Ordinal);
    }

    private string Write(string name, string content)
    {
        var path = _folder.File(name);
        File.WriteAllText(path, content);
        return path;
    }
}
