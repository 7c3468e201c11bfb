using AdaLora.Experiments.Programs;
using AdaLora.Glue.Tasks;
using AdaLora.TestSupport;
using Parquet.Schema;
using Parquet.Serialization;
using Xunit;

namespace AdaLora.Glue.Tests;

public sealed class ParquetLayoutTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Shards_are_read_in_order_from_the_folder_of_the_task_or_of_all()
    {
        Write("cola/train-00001-of-00002.parquet", Sentence("third \"quoted\"\ttab", 1));
        Write("cola/train-00000-of-00002.parquet", Sentence("first", 0), Sentence("second", 1));

        List<GlueExample> expected = [new("first", null, 0), new("second", null, 1), new("third \"quoted\"\ttab", null, 1)];
        Assert.Equal(expected, GlueReader.Read(_folder.Path, GlueTasks.Find("cola"), GlueSplit.Train));
        Assert.Equal(expected, GlueReader.Read(_folder.File("cola"), GlueTasks.Find("cola"), GlueSplit.Train));
    }

    public static TheoryData<string> Tasks => [.. GlueTasks.All.Select(task => task.Name)];

    [Theory]
    [MemberData(nameof(Tasks))]
    public void Every_task_has_its_columns_and_sets(string name)
    {
        var task = GlueTasks.Find(name);
        foreach (var part in task.Parts)
        {
            Write($"validation{part.FileSuffix}-00000-of-00001.parquet", Row(task, "a" + part.FileSuffix, 1));
            Write($"test{part.FileSuffix}-00000-of-00001.parquet", Row(task, "b" + part.FileSuffix, -1));
        }

        foreach (var part in task.Parts)
        {
            var pair = task.IsPair ? "pair" : null;
            Assert.Equal([new GlueExample("a" + part.FileSuffix, pair, 1)], GlueReader.Read(_folder.Path, task, GlueSplit.Dev, part));
            Assert.Equal([new GlueExample("b" + part.FileSuffix, pair, null)], GlueReader.Read(_folder.Path, task, GlueSplit.Test, part));
        }
    }

    [Fact]
    public void Rows_that_cannot_be_used_are_all_named()
    {
        Write("train-00000-of-00001.parquet", Sentence("good", 1), Sentence("bad", 2), Sentence("worse", -1));

        var error = Assert.Throws<DataFormatException>(() => GlueReader.Read(_folder.Path, GlueTasks.Find("sst2"), GlueSplit.Train));

        Assert.Equal([2, 3], error.Problems.Select(problem => problem.Line));
        Assert.All(error.Problems, problem => Assert.Contains("0 to 1", problem.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Labels_that_are_texts_are_read_if_they_are_numbers_and_named_if_not()
    {
        Write("train-00000-of-00001.parquet", new Dictionary<string, object?> { ["sentence"] = "good", ["label"] = "1" }, new Dictionary<string, object?> { ["sentence"] = "bad", ["label"] = "yes" });

        var error = Assert.Throws<DataFormatException>(() => GlueReader.Read(_folder.Path, GlueTasks.Find("sst2"), GlueSplit.Train));

        Assert.Contains("'yes'", Assert.Single(error.Problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_columns_than_the_tasks_are_named()
    {
        Write("train-00000-of-00001.parquet", Sentence("good", 1));

        var error = Assert.Throws<DataFormatException>(() => GlueReader.Read(_folder.Path, GlueTasks.Find("rte"), GlueSplit.Train));

        Assert.Contains("sentence1", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("PAR1")]
    [InlineData("PAR1 and then something that is no parquet file at all PAR1")]
    public void A_broken_file_is_one_line_that_names_it(string content)
    {
        var path = _folder.Write("train-00000-of-00001.parquet", content);

        var error = Assert.Throws<UserInputException>(() => GlueReader.Read(_folder.Path, GlueTasks.Find("cola"), GlueSplit.Train));

        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void When_there_is_neither_layout_both_are_named()
    {
        var error = Assert.Throws<UserInputException>(() => GlueReader.Read(_folder.Path, GlueTasks.Find("mnli"), GlueSplit.Dev));

        Assert.Contains("dev_matched.tsv", error.Message, StringComparison.Ordinal);
        Assert.Contains("validation_matched-*.parquet", error.Message, StringComparison.Ordinal);
    }

    private static Dictionary<string, object?> Sentence(string text, long label) => Row(GlueTasks.Find("cola"), text, label);

    private static Dictionary<string, object?> Row(GlueTask task, string text, long label)
    {
        var row = new Dictionary<string, object?> { [task.HubColumns.Text] = text, ["label"] = task.IsRegression ? (object)(float)label : label, ["idx"] = 7 };
        if (task.HubColumns.Pair is { } pair)
            row[pair] = "pair";
        return row;
    }

    private void Write(string name, params Dictionary<string, object?>[] rows)
    {
        var schema = new ParquetSchema(rows[0].Select(cell => (Field)new DataField(cell.Key, cell.Value!.GetType(), isNullable: cell.Value is string)));
        Directory.CreateDirectory(Path.GetDirectoryName(_folder.File(name))!);
        using var stream = File.Create(_folder.File(name));
        ParquetSerializer.SerializeUntypedAsync(rows, schema, stream).GetAwaiter().GetResult();
    }
}
