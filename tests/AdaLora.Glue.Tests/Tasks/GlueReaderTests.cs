using AdaLora.Experiments.Programs;
using AdaLora.Glue.Tasks;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Glue.Tests;

public sealed class GlueReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a \"quoted\" and 'half\" thing", "quotes are text")]
    [InlineData("\"opens only", "a quote that opens a cell is text")]
    [InlineData(" edges stay ", "nothing is trimmed")]
    [InlineData("back\\slash \\n \\", "backslashes are text")]
    [InlineData("#hash", "there are no comments")]
    [InlineData("one\rline", "a lone carriage return is text")]
    [InlineData("one\u2028line\u0085and\u000bmore\u000c", "other line separators are text")]
    [InlineData("z\u0000ero", "control characters are text")]
    [InlineData("", "an empty sentence is one")]
    public void Text_is_taken_literally(string sentence, string why)
    {
        _ = _folder.Write("train.tsv", $"sentence\tlabel\n{sentence}\t1\n{sentence}\t0");

        var examples = GlueReader.Read(_folder.Path, GlueTasks.Find("sst2"), GlueSplit.Train);

        Assert.True(examples.Count == 2, why);
        Assert.Equal([new GlueExample(sentence, null, 1), new GlueExample(sentence, null, 0)], examples);
    }

    [Theory]
    [InlineData("\n", true)]
    [InlineData("\n", false)]
    [InlineData("\r\n", true)]
    [InlineData("\r\n", false)]
    public void Line_ends_and_byte_order_mark_are_no_content(string lineEnd, bool mark)
    {
        var rows = new[] { "sentence\tlabel", "good\t1", "bad\t0" };
        _ = _folder.Write("dev.tsv", (mark ? "\ufeff" : "") + string.Join(lineEnd, rows) + lineEnd);

        Assert.Equal([new("good", null, 1), new("bad", null, 0)], GlueReader.Read(_folder.Path, GlueTasks.Find("sst2"), GlueSplit.Dev));
    }

    [Fact]
    public void Columns_are_found_by_name_wherever_they_stand()
    {
        _ = _folder.Write("train.tsv", "label\textra\tsentence2\tsentence1\nentailment\tx\tsecond\tfirst\tmore\n");

        Assert.Equal([new("first", "second", 0)], GlueReader.Read(_folder.Path, GlueTasks.Find("rte"), GlueSplit.Train));
    }

    [Fact]
    public void Cola_has_a_header_in_test_only()
    {
        _ = _folder.Write("train.tsv", "src\t0\t*\tHim sleeps.\n");
        _ = _folder.Write("test.tsv", "index\tsentence\n0\tHe sleeps.\n");
        var cola = GlueTasks.Find("cola");

        Assert.Equal([new("Him sleeps.", null, 0)], GlueReader.Read(_folder.Path, cola, GlueSplit.Train));
        Assert.Equal([new("He sleeps.", null, null)], GlueReader.Read(_folder.Path, cola, GlueSplit.Test));
    }

    [Fact]
    public void Data_is_found_in_the_root_and_in_the_task_folder()
    {
        _ = _folder.Write("SST-2/dev.tsv", "sentence\tlabel\nfine\t1\n");
        var task = GlueTasks.Find("sst2");

        Assert.Equal(GlueReader.Read(_folder.Path, task, GlueSplit.Dev), GlueReader.Read(_folder.File("SST-2"), task, GlueSplit.Dev));
    }

    [Fact]
    public void Missing_columns_are_named_with_what_the_header_has()
    {
        _ = _folder.Write("dev.tsv", "index\tsentence1\tquestion\n0\ta\tb\n");

        var error = Assert.Throws<DataFormatException>(() => GlueReader.Read(_folder.Path, GlueTasks.Find("rte"), GlueSplit.Dev));

        Assert.Equal(["sentence2", "label"], error.Problems.Select(problem => problem.Column));
        Assert.Contains("dev.tsv", error.Message);
        Assert.Contains("line 1, column 'sentence2'", error.Message);
        Assert.Contains("'question'", error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("stsb", "x", "a score from 0 to 5")]
    [InlineData("stsb", "5.01", "a score from 0 to 5")]
    [InlineData("stsb", "-0.1", "a score from 0 to 5")]
    [InlineData("stsb", "NaN", "a score from 0 to 5")]
    [InlineData("stsb", "4,5", "a score from 0 to 5")]
    [InlineData("rte", "1", "entailment or not_entailment")]
    [InlineData("wnli", "entailment", "0 or 1")]
    [InlineData("wnli", "1 ", "0 or 1")]
    [InlineData("wnli", "", "0 or 1")]
    public void Wrong_labels_are_reported_with_place_and_expectation(string name, string label, string expected)
    {
        var task = GlueTasks.Find(name);
        var good = task.IsRegression ? "3.5" : task.LabelSpellings[1];
        _ = _folder.Write("train.tsv", $"sentence1\tsentence2\t{task.Columns.Label}\na\tb\t{good}\nc\td\t{label}\n");

        var error = Assert.Throws<DataFormatException>(() => GlueReader.Read(_folder.Path, task, GlueSplit.Train));

        var problem = Assert.Single(error.Problems);
        Assert.Equal((3, task.Columns.Label), (problem.Line, problem.Column));
        Assert.Contains(expected, error.Message);
        Assert.Contains($"found '{label}'", error.Message);
    }

    [Fact]
    public void All_problems_are_kept_and_ten_are_shown()
    {
        _ = _folder.Write("train.tsv", "sentence\tlabel\n" + string.Concat(Enumerable.Range(0, 13).Select(i => i % 2 == 0 ? "short\n" : "text\t7\n")) + "fine\t1\n");

        var error = Assert.Throws<DataFormatException>(() => GlueReader.Read(_folder.Path, GlueTasks.Find("sst2"), GlueSplit.Train));

        Assert.Equal(Enumerable.Range(2, 13), error.Problems.Select(problem => problem.Line));
        Assert.Contains("13 problems", error.Message);
        Assert.Contains("line 11", error.Message);
        Assert.DoesNotContain("line 12", error.Message);
        Assert.Contains("and 3 more", error.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("sentence\tlabel\n")]
    public void A_file_without_examples_is_refused(string content)
    {
        _ = _folder.Write("train.tsv", content);

        var error = Assert.Throws<DataFormatException>(() => GlueReader.Read(_folder.Path, GlueTasks.Find("sst2"), GlueSplit.Train));

        Assert.Contains("found none", error.Message);
    }

    [Fact]
    public void Text_in_another_encoding_is_refused()
    {
        File.WriteAllBytes(_folder.File("train.tsv"), [.. "sentence\tlabel\ncaf"u8, 0xE9, .. "\t1\n"u8]);

        var error = Assert.Throws<UserInputException>(() => GlueReader.Read(_folder.Path, GlueTasks.Find("sst2"), GlueSplit.Train));

        Assert.Contains("UTF-8", error.Message);
    }

    [Fact]
    public void Missing_folder_and_missing_file_say_what_is_needed()
    {
        var task = GlueTasks.Find("mrpc");

        Assert.Contains("The data folder", Assert.Throws<UserInputException>(() => GlueReader.Read(_folder.File("absent"), task, GlueSplit.Dev)).Message);
        Assert.Contains(Path.Combine("MRPC", "dev.tsv"), Assert.Throws<UserInputException>(() => GlueReader.Read(_folder.Path, task, GlueSplit.Dev)).Message);
    }
}
