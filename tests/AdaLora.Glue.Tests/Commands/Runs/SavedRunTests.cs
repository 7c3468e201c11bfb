using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using AdaLora.Experiments.Methods;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Tasks;
using AdaLora.Experiments.Terminal;
using AdaLora.Glue.Demo;
using AdaLora.Glue.Tasks;
using AdaLora.Transformers.Tokenization;
using Xunit;

namespace AdaLora.Glue.Tests;

/// <summary>What can be done with a finished run, through the real command line.</summary>
public sealed class SavedRunTests : IDisposable
{
    private readonly DemoApplication _app = new();

    public static TheoryData<string> Methods => [.. TrainingMethods.All.Select(method => method.Name)];

    public void Dispose() => _app.Dispose();

    [Theory]
    [MemberData(nameof(Methods))]
    public void A_run_of_any_method_is_evaluated_as_at_its_end(string method)
    {
        Train(method);

        var (code, output, error) = _app.Run("evaluate", _app.File("run"), "--json");

        Assert.True(code == 0, error);
        var metrics = JsonNode.Parse(File.ReadAllText(Path.Combine(_app.File("run"), "metrics.json")))!;
        Assert.Equal(metrics["final"]!.ToJsonString(), JsonNode.Parse(output)!.ToJsonString());
    }

    [Theory]
    [InlineData("adalora")]
    [InlineData("lora")]
    [InlineData("bitfit")]
    [InlineData("full")]
    public void A_merged_run_is_a_plain_checkpoint_with_the_same_answers(string method)
    {
        Train(method);
        var (code, output, error) = _app.Run("merge", _app.File("run"), "--output", _app.File("merged"));

        Assert.True(code == 0, error);
        Assert.Contains("vocab.txt", output, StringComparison.Ordinal);
        using var merged = AdaLora.Transformers.AutoModel.SequenceClassifier(_app.File("merged"));
        Assert.Empty(merged.LoadReport!.NewlyInitialized);
        Assert.Equal(["unacceptable", "acceptable"], merged.ClassNames);
        var run = SavedRun.Open(_app.File("run"), GlueTasks.Catalog);
        using var trained = run.Load(run.Settings, DataSets.Dev, new ModelFolder(), new SilentReporter(), default);
        var inputs = Runner.InputsOf(run.Settings, "", DataSets.Dev, new SilentReporter(), CancellationToken.None);
        var dev = EncodedExamples.Read(GlueTasks.Find("cola").ExamplesOf(inputs), GlueSplit.Dev, GluePart.Whole, TextTokenizer.FromFolder(_app.File("merged")), inputs);
        Assert.Equal(new Predictor(((GlueModel)trained.Model).Classifier, dev).Run().Predictions, new Predictor(merged, dev).Run().Predictions);
        Assert.Equal(trained.Model.Evaluate().Loss, new Predictor(merged, dev).Run().Loss, 1e-5);
    }

    /// <summary>The weights of the checkpoint are more exact than what was computed with, and merging rounds nothing to bfloat16.</summary>
    [Theory]
    [InlineData("adalora")]
    [InlineData("lora")]
    [InlineData("full")]
    public void A_run_in_half_precision_is_merged_into_the_weights_as_they_are_stored(string method)
    {
        Train(method, "--precision", "bf16");
        var (code, _, error) = _app.Run("merge", _app.File("run"), "--output", _app.File("merged"));
        Assert.True(code == 0, error);

        using var scope = TorchSharp.torch.NewDisposeScope();
        using var exact = AdaLora.Transformers.AutoModel.Encoder(DemoDefaults.EncoderFolder);
        using var merged = AdaLora.Transformers.AutoModel.SequenceClassifier(_app.File("merged"));
        var words = exact.get_parameter("embeddings.word_embeddings.weight")!;
        Assert.Equal(method != "full", words.eq(merged.Encoder.get_parameter("embeddings.word_embeddings.weight")!).all().item<bool>());
        var dense = merged.Encoder.get_parameter("encoder.layer.0.output.dense.weight")!;
        Assert.Equal(method == "full", dense.to(TorchSharp.torch.ScalarType.BFloat16).to(TorchSharp.torch.ScalarType.Float32).eq(dense).all().item<bool>());
        var inputs = Runner.InputsOf(SavedRun.Open(_app.File("run"), GlueTasks.Catalog).Settings, "", DataSets.Dev, new SilentReporter(), CancellationToken.None);
        var dev = EncodedExamples.Read(GlueTasks.Find("cola").ExamplesOf(inputs), GlueSplit.Dev, GluePart.Whole, TextTokenizer.FromFolder(_app.File("merged")), inputs);
        var metrics = JsonNode.Parse(File.ReadAllText(Path.Combine(_app.File("run"), "metrics.json")))!;
        Assert.Equal(metrics["evaluations"]![0]!["loss"]!.GetValue<double>(), new Predictor(merged, dev).Run().Loss, 0.02);
    }

    [Fact]
    public void Predictions_are_json_lines_from_an_argument_a_file_or_standard_input()
    {
        Train("adalora");
        File.WriteAllText(_app.File("texts.txt"), "The cats sleep .\nThe cat \"sleeps\" .");

        var one = _app.Run("predict", _app.File("run"), "--text", "The cats sleep .");
        var file = _app.Run("predict", _app.File("run"), "--input", _app.File("texts.txt"));
        var piped = _app.Ask("The cats sleep .\nThe cat \"sleeps\" .\n", "predict", _app.File("run"));

        Assert.Equal(0, one.Code);
        Assert.Equal(file.Output, piped.Output);
        var lines = file.Output.Trim().Split('\n').Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(["The cats sleep .", "The cat \"sleeps\" ."], lines.Select(line => line.GetProperty("text").GetString()));
        Assert.All(lines, line =>
        {
            var scores = line.GetProperty("scores").EnumerateObject().ToDictionary(score => score.Name, score => score.Value.GetDouble());
            Assert.Equal(["unacceptable", "acceptable"], scores.Keys);
            Assert.Equal(1, scores.Values.Sum(), 1e-9);
            Assert.Equal(scores.MaxBy(score => score.Value).Key, line.GetProperty("label").GetString());
        });
        Assert.Equal(lines[0].GetProperty("label").GetString(), JsonDocument.Parse(one.Output).RootElement.GetProperty("label").GetString());
    }

    [Fact]
    public void A_submission_holds_a_prediction_per_row_of_the_test_file()
    {
        Train("adalora");
        File.WriteAllText(Path.Combine(_app.Data, "test.tsv"), "index\tsentence\n0\tThe cats sleep .\n1\tThe cats sleeps .\n2\tSleep .\n");

        var (code, output, error) = _app.Run("submit", _app.File("run"), "--output", _app.File("submission"));

        Assert.True(code == 0, error);
        var rows = File.ReadAllLines(Path.Combine(_app.File("submission"), "CoLA.tsv"));
        Assert.Equal("index\tprediction", rows[0]);
        Assert.Equal(["0", "1", "2"], rows.Skip(1).Select(row => row.Split('\t')[0]));
        Assert.All(rows.Skip(1), row => Assert.Contains(row.Split('\t')[1], (string[])["0", "1"]));
        using var zip = ZipFile.OpenRead(Path.Combine(_app.File("submission"), "submission.zip"));
        Assert.Equal(["CoLA.tsv"], zip.Entries.Select(entry => entry.FullName));
        Assert.Contains("MNLI", output, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_used_is_one_line_and_exit_code_2()
    {
        Train("adalora");
        (string[] Line, string Expected)[] mistakes =
        [
            (["evaluate", _app.File("nowhere")], "metrics.json"),
            (["evaluate", _app.File("run"), "--data", _app.File("nowhere")], "nowhere"),
            (["evaluate", _app.File("run"), "--model", _app.File("nowhere")], "nowhere"),
            (["predict", _app.File("run"), "--text", "a", "--pair", "b"], "--pair"),
            (["predict", _app.File("run"), "--text", "a", "--input", "b"], "--input"),
            (["predict", _app.File("run"), "--input", _app.File("nowhere")], "nowhere"),
            (["submit", _app.File("run"), _app.File("run")], "cola"),
            (["merge", _app.File("run"), "--output", DemoDefaults.EncoderFolder], "base model"),
        ];
        Assert.All(mistakes, mistake =>
        {
            var (code, _, error) = _app.Run(mistake.Line);
            Assert.True(code == 2, $"{string.Join(' ', mistake.Line)}: {code} {error}");
            Assert.Contains(mistake.Expected, error, StringComparison.Ordinal);
            Assert.Single(error.Trim().Split('\n'));
        });
    }

    [Fact]
    public void A_line_with_tabs_is_named()
    {
        Train("frozen");

        var (code, _, error) = _app.Ask("one\ntwo\tthree\n", "predict", _app.File("run"));

        Assert.Equal(2, code);
        Assert.Contains("Line 2 has 2 texts", error, StringComparison.Ordinal);
    }

    private void Train(string method, params string[] more)
    {
        var (code, output, error) = _app.Train("run", ["--method", method, .. more]);
        Assert.True(code == 0, output + error);
    }
}
