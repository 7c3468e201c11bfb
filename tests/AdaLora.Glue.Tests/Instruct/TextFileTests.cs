using AdaLora.Experiments.Programs;
using AdaLora.Instruct.Data;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Glue.Tests.Instruct;

/// <summary>Rows of JSON lines and of tables.</summary>
public sealed class TextFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Json_lines_are_read_whatever_kind_each_is()
    {
        using var file = Open("a.jsonl", "\ufeff{\"text\": \"a\\nb\"}\r\n\n{\"prompt\": \"é?\", \"completion\": \"1\"}\n  \n{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}]}");
        Assert.Equal(3, file.Count);
        Assert.Equal(new PlainRow("a\nb"), file.Read(0));
        Assert.Equal(new PromptRow("é?", "1"), file.Read(1));
        Assert.Equal("x", (string)Assert.IsType<ConversationRow>(file.Read(2)).Messages[0]!["content"]!);
        Assert.Equal((1, 3, 5), (file.LineOf(0), file.LineOf(1), file.LineOf(2)));
    }

    [Fact]
    public void Tables_have_named_columns_and_cells_with_line_feeds()
    {
        using var file = Open("a.csv", "id,completion,prompt\r\n1,yes,\"is \"\"it\"\", \nso?\"\r\n2,,no\n");
        Assert.Equal(new PromptRow("is \"it\", \nso?", "yes"), file.Read(0));
        Assert.Equal(new PromptRow("no", ""), file.Read(1));
        Assert.Equal((2, 4), (file.LineOf(0), file.LineOf(1)));
        using var other = Open("b.csv", "question,answer\nq,a\n", new RowFormat("question", "answer"));
        Assert.Equal(new PromptRow("q", "a"), other.Read(0));
    }

    [Fact]
    public void Answers_may_begin_within_a_text()
    {
        using var file = Open("a.jsonl", "{\"text\": \"Q: x\\nA: y\"}\n{\"text\": \"Q: x\"}", new RowFormat(SplitAt: "\nA: "));
        Assert.Equal(new PromptRow("Q: x\nA: ", "y"), file.Read(0));
        Assert.Contains("a.jsonl(2): ", Assert.Throws<UserInputException>(() => file.Read(1)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a.jsonl", "{\"text\": \"a\"}\n\n{\"text\": 5}", 1, "a.jsonl(3): 'text' is not a text")]
    [InlineData("a.jsonl", "{\"text\": \"a\"}\n{]", 1, "a.jsonl(2): is not JSON")]
    [InlineData("a.jsonl", "[1]", 0, "a.jsonl(1): is not a JSON object")]
    [InlineData("a.jsonl", "{\"prompt\": \"a\"}", 0, "a.jsonl(1): has 'prompt', but no 'completion'")]
    [InlineData("a.jsonl", "{}", 0, "a.jsonl(1): has neither")]
    [InlineData("a.jsonl", "{\"messages\": []}", 0, "a.jsonl(1): 'messages' is not a list")]
    [InlineData("a.jsonl", "{\"messages\": [{\"content\": \"a\"}]}", 0, "a.jsonl(1): message 1")]
    [InlineData("a.csv", "prompt,completion\na\n", 0, "a.csv(2): has 1 columns instead of 2")]
    [InlineData("a.csv", "prompt,completion\n\"a\"b,c\n", 0, "a.csv(2): a quote stands")]
    [InlineData("a.csv", "prompt,completion\na \"b\",c\n", 0, "a.csv(2): a quote stands")]
    [InlineData("a.csv", "prompt,completion\na,\"c\nd,e\n", 0, "a.csv(2): a quote stands")]
    [InlineData("a.csv", "x\na\n", 0, "a.csv(2): has neither")]
    public void A_row_that_is_none_is_named_with_its_line(string name, string content, int row, string expected)
    {
        using var file = Open(name, content);
        Assert.Contains(expected, Assert.Throws<UserInputException>(() => file.Read(row)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_without_rows_and_bytes_that_are_no_text_are_refused()
    {
        Assert.Contains("no rows", Assert.Throws<UserInputException>(() => Open("a.jsonl", " \n\n")).Message, StringComparison.Ordinal);
        Assert.Contains("no rows", Assert.Throws<UserInputException>(() => Open("a.csv", "prompt,completion\n")).Message, StringComparison.Ordinal);
        Assert.Contains("c.csv(1): a quote stands", Assert.Throws<UserInputException>(() => Open("c.csv", "prompt,a \"completion\"\na,b\n")).Message, StringComparison.Ordinal);
        Assert.Throws<UserInputException>(() => TextFile.Open(_folder.File("missing.jsonl"), new RowFormat(), null));
        File.WriteAllBytes(_folder.File("b.jsonl"), [(byte)'{', 0xFF, (byte)'}']);
        using var file = TextFile.Open(_folder.File("b.jsonl"), new RowFormat(), null);
        Assert.Contains("b.jsonl(1): is not UTF-8", Assert.Throws<UserInputException>(() => file.Read(0)).Message, StringComparison.Ordinal);
    }

    /// <summary>Rows are read where they are, by any number of threads.</summary>
    [Fact]
    public void Large_files_stay_on_disk()
    {
        File.WriteAllLines(_folder.File("c.jsonl"), Enumerable.Range(0, 50_000).Select(i => $"{{\"text\": \"{i} {new string('x', i % 300)}\"}}"));
        using var file = TextFile.Open(_folder.File("c.jsonl"), new RowFormat(), null);
        Assert.Equal(50_000, file.Count);
        Parallel.For(0, 2000, i => Assert.StartsWith($"{i * 25} ", ((PlainRow)file.Read(i * 25)).Text, StringComparison.Ordinal));
        using var few = TextFile.Open(_folder.File("c.jsonl"), new RowFormat(), 10);
        Assert.Equal(10, few.Count);
    }

    private TextFile Open(string name, string content, RowFormat? format = null)
    {
        File.WriteAllText(_folder.File(name), content);
        return TextFile.Open(_folder.File(name), format ?? new RowFormat(), null);
    }
}
