using System.Text.Json.Nodes;
using AdaLora.Experiments.Programs;
using AdaLora.Glue.Demo;
using Xunit;

namespace AdaLora.Glue.Tests.Tasks;

/// <summary>Classification of a person's own files, by the application.</summary>
[Collection(Pictures.Name)]
public sealed class FileTaskTests : IDisposable
{
    private readonly DemoApplication _app = new();

    public void Dispose() => _app.Dispose();

    [Theory]
    [InlineData("csv")]
    [InlineData("tsv")]
    [InlineData("jsonl")]
    public void Classes_are_found_and_listed_and_a_run_tells_them_apart(string format)
    {
        Write($"train.{format}", Rows(1, 200));
        Write($"dev.{format}", Rows(2, 60));

        var (code, output, error) = Train($"train.{format}", $"dev.{format}", "--epochs", "8", "--method", "full", "--lr", "2e-3", "--batch-size", "8");

        Assert.True(code == 0, error);
        Assert.Contains("3 classes: must (", output, StringComparison.Ordinal);
        var record = Json("run", "metrics.json");
        Assert.Equal(("file", "must,should,will"), (record["task"]!.GetValue<string>(), string.Join(',', record["found"]!["classes"]!.AsArray().Select(name => name!.GetValue<string>()))));
        Assert.InRange(record["final"]!["accuracy"]!.GetValue<double>(), 0.9, 1);
        Assert.InRange(record["final"]!["f1_macro"]!.GetValue<double>(), 0.9, 1);
        Assert.Equal(record["final"]!.ToJsonString(), JsonNode.Parse(_app.Run("evaluate", _app.File("run"), "--json").Output)!.ToJsonString());

        var predicted = _app.Run("predict", _app.File("run"), "--input", _app.File($"dev.{format}"));
        var lines = predicted.Output.Trim().Split('\n').Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal(60, lines.Count);
        Assert.All(lines, line => Assert.Equal(1, line["scores"]!.AsObject().Sum(score => score.Value!.GetValue<double>()), 1e-6));
        Assert.Contains(lines, line => line["label"]!.GetValue<string>() == "should");
        var alone = JsonNode.Parse(_app.Run("predict", _app.File("run"), "--text", lines[0]["text"]!.GetValue<string>()).Output)!;
        Assert.Equal(lines[0]["label"]!.GetValue<string>(), alone["label"]!.GetValue<string>());
        Assert.Equal(lines[0]["scores"]!["must"]!.GetValue<double>(), alone["scores"]!["must"]!.GetValue<double>(), 1e-6);

        Assert.Equal(0, _app.Run("merge", _app.File("run"), "--output", _app.File("merged")).Code);
        var config = Json("merged", "config.json");
        Assert.Equal("""{"0":"must","1":"should","2":"will"}""", config["id2label"]!.ToJsonString());
        Assert.Equal("""{"must":0,"should":1,"will":2}""", config["label2id"]!.ToJsonString());
        Assert.Null(config["problem_type"]);
    }

    [Fact]
    public void Numbers_are_classes_in_their_order_and_pairs_are_read()
    {
        Write("train.csv", Rows(1, 60).Select(row => row with { Label = row.Label switch { "must" => "10", "will" => "-1", _ => "9" } }));
        File.Copy(_app.File("train.csv"), _app.File("dev.csv"));

        Assert.Equal(0, Train("train.csv", "dev.csv", "--pair", "name", "--max-steps", "2").Code);

        Assert.Equal("""["-1","9","10"]""", Json("run", "metrics.json")["found"]!["classes"]!.ToJsonString());
        Assert.Equal(ExitCode.BadInput, _app.Run("predict", _app.File("run"), "--text", "one").Code);
        Assert.Equal("row 0", JsonNode.Parse(_app.Run("predict", _app.File("run"), "--input", _app.File("dev.csv")).Output.Split('\n')[0])!["pair"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("csv")]
    [InlineData("jsonl")]
    public void A_text_may_have_several_labels(string format)
    {
        Write($"train.{format}", Rows(1, 240, several: true));
        Write($"dev.{format}", Rows(2, 60, several: true));
        string[] separator = format == "csv" ? ["--label-separator", ";"] : [];

        var (code, _, error) = Train($"train.{format}", $"dev.{format}", ["--epochs", "12", "--method", "full", "--lr", "2e-3", "--batch-size", "8", .. separator]);

        Assert.True(code == 0, error);
        var final = Json("run", "metrics.json")["final"]!;
        Assert.All((string[])["accuracy", "f1_macro", "f1_micro"], name => Assert.InRange(final[name]!.GetValue<double>(), 0.85, 1));
        var answer = JsonNode.Parse(_app.Run("predict", _app.File("run"), "--text", "the cats must will sleep .").Output)!;
        Assert.Equal("""["must","will"]""", answer["labels"]!.ToJsonString());
        Assert.All(answer["scores"]!.AsObject(), score => Assert.InRange(score.Value!.GetValue<double>(), 0, 1));
        Assert.Equal(0, _app.Run("merge", _app.File("run"), "--output", _app.File("merged")).Code);
        Assert.Equal("multi_label_classification", Json("merged", "config.json")["problem_type"]!.GetValue<string>());
        Assert.Equal(final.ToJsonString(), JsonNode.Parse(_app.Run("evaluate", _app.File("run"), "--json").Output)!.ToJsonString());
    }

    [Fact]
    public void A_label_that_the_training_set_lacks_is_named()
    {
        Write("train.csv", Rows(1, 30));
        Write("dev.csv", [.. Rows(2, 5), new Row("a text", "Will", 5), new Row("a text", "cannot", 6)]);

        var (code, _, error) = Train("train.csv", "dev.csv");

        Assert.Equal(ExitCode.BadInput, code);
        Assert.Contains("--dev: the training set has no label 'Will' (line 7), 'cannot' (line 8); it has must, should, will.", error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_trained_on_is_refused()
    {
        Write("one.csv", Rows(1, 30).Select(row => row with { Label = "same" }));
        Write("empty.csv", [.. Rows(1, 3), new Row("a text", " ", 3)]);
        Write("train.csv", Rows(1, 30));
        File.WriteAllText(_app.File("dev.jsonl"), """{"sentence": "a", "kind": ["must", "will"]}""");

        Assert.Contains("all texts have the same label 'same'", Train("one.csv", "train.csv").Error, StringComparison.Ordinal);
        Assert.Contains("there is no label in line 5", Train("empty.csv", "train.csv").Error, StringComparison.Ordinal);
        Assert.Contains("line 1 has 2 labels, but the training set has one for each text", Train("train.csv", "dev.jsonl").Error, StringComparison.Ordinal);
        Assert.Contains("--text: is required; name a column of the file", _app.Run("train", "--train", _app.File("train.csv"), "--model", DemoDefaults.EncoderFolder, "--label", "kind").Error, StringComparison.Ordinal);
        Assert.Contains("There is no dev set; name one with --dev", Train("train.csv", null).Error, StringComparison.Ordinal);
        Assert.Contains("belongs to your own files, but the task is cola", _app.Train("x", "--train", _app.File("train.csv")).Error, StringComparison.Ordinal);
        Assert.Contains("has no column 'words'", Train("train.csv", "train.csv", "--text", "words").Error, StringComparison.Ordinal);
        Assert.Contains("--train: the file", Train("absent.csv", "train.csv").Error, StringComparison.Ordinal);
        File.Copy(_app.File("train.csv"), _app.File("train.txt"));
        Assert.Contains("must end in one of .csv", Train("train.txt", "train.csv").Error, StringComparison.Ordinal);
    }

    /// <summary>The steps of a run follow from the file, not from the number of rows that the authors had.</summary>
    [Fact]
    public void A_run_on_a_small_file_prunes_as_often_as_the_authors_did()
    {
        Write("train.csv", Rows(1, 64));
        Write("dev.csv", Rows(2, 30));
        string[] options =
        [
            "train", "--train", _app.File("train.csv"), "--dev", _app.File("dev.csv"), "--text", "sentence", "--label", "kind", "--model", DemoDefaults.EncoderFolder, "--max-length", "32",
            "--initial-rank", "4", "--target-rank", "2", "--epochs", "10", "--batch-size", "8", "--threads", "1", "--output", _app.File("run"),
        ];

        var (code, _, error) = _app.Run(options);

        Assert.True(code == 0, error);
        var record = Json("run", "metrics.json");
        // 10 of 5,000 steps.
        Assert.Equal((80, 1), (record["total_steps"]!.GetValue<int>(), record["options"]!["delta_t"]!.GetValue<int>()));
        Assert.Equal(1, Json("run", "adapter/adapter_config.json")["deltaT"]!.GetValue<int>());
        Assert.Contains("has already finished", _app.Run([.. options, "--resume"]).Output, StringComparison.Ordinal);
        Assert.Contains("--delta-t: 1 there, 2 here", _app.Run([.. options, "--resume", "--delta-t", "2"]).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plan_and_a_part_kept_aside_need_no_dev_set()
    {
        Write("train.csv", Rows(1, 60));

        var plan = Train("train.csv", null, "--dry-run");
        var held = Train("train.csv", null, "--held-out", "0.5", "--max-steps", "2");

        Assert.True(plan.Code == 0, plan.Error);
        Assert.Contains("classifier", plan.Output, StringComparison.Ordinal);
        Assert.True(held.Code == 0, held.Error);
    }

    private (int Code, string Output, string Error) Train(string train, string? dev, params string[] more)
    {
        string[] usual =
        [
            "--train", _app.File(train), "--dev", dev is null ? "" : _app.File(dev), "--text", "sentence", "--label", "kind", "--model", DemoDefaults.EncoderFolder, "--max-length", "32",
            "--initial-rank", "4", "--target-rank", "2", "--lr", "1e-2", "--delta-t", "1", "--threads", "1", "--output", _app.File("run"),
        ];
        return _app.Run(["train", .. usual.Chunk(2).Where(pair => !more.Contains(pair[0]) && pair[1].Length > 0).SelectMany(pair => pair), .. more]);
    }

    // Sentences with one of three words, which is the label.
    private static IEnumerable<Row> Rows(int seed, int count, bool several = false)
    {
        string[] words = ["must", "should", "will"];
        var random = new Random(seed);
        foreach (var (number, sentence) in DemoData.Create(seed, count, 1).Train.Index())
        {
            var text = sentence.Text.Split(' ').Except(words).ToList();
            var labels = words.Where(_ => several && random.Next(2) == 0).ToList();
            if (!several)
                labels.Add(words[random.Next(words.Length)]);
            text.InsertRange(random.Next(text.Count), labels);
            yield return new Row(string.Join(' ', text), string.Join(';', labels), number, several);
        }
    }

    private void Write(string name, IEnumerable<Row> rows)
    {
        var separator = name.EndsWith(".tsv", StringComparison.Ordinal) ? '\t' : ',';
        File.WriteAllLines(_app.File(name), name.EndsWith(".jsonl", StringComparison.Ordinal)
            ? rows.Select(row => new JsonObject { ["sentence"] = row.Text, ["kind"] = LabelsOf(row), ["name"] = $"row {row.Number}" }.ToJsonString())
            : rows.Select(row => $"row {row.Number}{separator}{row.Label}{separator}\"{row.Text}\"").Prepend($"name{separator}kind{separator}sentence"));
    }

    private static JsonNode LabelsOf(Row row) =>
        !row.HasSeveral ? row.Label : new JsonArray([.. row.Label.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(label => (JsonNode)label)]);

    private JsonObject Json(params string[] path) => JsonNode.Parse(File.ReadAllText(Path.Combine(_app.File(path[0]), path[1])))!.AsObject();

    private sealed record Row(string Text, string Label, int Number, bool HasSeveral = false);
}
