using System.Text.Json.Nodes;
using AdaLora.Experiments.Metrics.Texts;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Settings;
using AdaLora.Glue.Demo;
using AdaLora.Summarization.Tasks;
using AdaLora.Transformers;
using AdaLora.Transformers.Families.T5;
using Parquet.Schema;
using Parquet.Serialization;
using Xunit;

namespace AdaLora.Glue.Tests.Summaries;

[Collection(Pictures.Name)]
public sealed class SummarizationApplicationTests : IDisposable
{
    private readonly SummarizationApplication _app = new();

    public static TheoryData<string> Methods => [.. SummarizationTasks.Catalog.Methods.Select(method => method.Name)];

    public void Dispose() => _app.Dispose();

    [Fact]
    public void A_run_learns_to_write_and_leaves_scores_and_predictions()
    {
        var (code, output, error) = _app.Train("run", "--method", "full", "--epochs", "20", "--eval-every", "80");

        Assert.True(code == 0, error);
        Assert.Contains("rouge2", output, StringComparison.Ordinal);
        var final = Json("run", "metrics.json")["final"]!;
        Assert.All((string[])["rouge1", "rouge2", "rougeL", "rougeLsum"], name => Assert.InRange(final[name]!.GetValue<double>(), 90, 100));
        Assert.InRange(final["rouge2"]!.GetValue<double>(), final["rouge2_low"]!.GetValue<double>(), final["rouge2_high"]!.GetValue<double>());
        var scores = Json("run", "scores.json");
        Assert.Equal("latin-stemmed", scores["rouge_tokens"]!.GetValue<string>());
        Assert.Equal(final["rougeL"]!.GetValue<double>(), scores["rouge"]!["rougeL"]!["mean"]!.GetValue<double>(), 1e-9);
        Assert.True(scores["rouge_of_first_sentences"]!["rouge2"]!["mean"]!.GetValue<double>() < 50);
        var predictions = File.ReadAllLines(_app.File("run", "predictions.jsonl")).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal(20, predictions.Count);
        Assert.All(predictions, row => Assert.StartsWith("the cats sleep", row["prediction"]!.GetValue<string>(), StringComparison.Ordinal));
        var bleu = Bleu.OfCorpus(predictions.Select(row => BleuCounts.Of(row["prediction"]!.GetValue<string>(), row["reference"]!.GetValue<string>()))).Score;
        // It counts four tokens in a row, and these summaries have three.
        Assert.Equal(0, bleu);
        Assert.Equal(bleu, scores["bleu"]!.GetValue<double>(), 1e-9);

        var evaluated = _app.Run("evaluate", _app.File("run"), "--json");
        Assert.Equal(final.ToJsonString(), JsonNode.Parse(evaluated.Output)!.ToJsonString());
        var shorter = _app.Run("evaluate", _app.File("run"), "--beams", "1", "--output", _app.File("greedy"));
        Assert.True(shorter.Code == 0, shorter.Error);
        Assert.True(File.Exists(_app.File("greedy", "predictions.jsonl")));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Every_method_trains_and_its_run_is_loaded_again(string method)
    {
        var (code, _, error) = _app.Train("run", "--method", method, "--max-steps", "3");

        Assert.True(code == 0, error);
        var evaluated = _app.Run("evaluate", _app.File("run"), "--json");
        Assert.Equal(Json("run", "metrics.json")["final"]!.ToJsonString(), JsonNode.Parse(evaluated.Output)!.ToJsonString());
    }

    [Fact]
    public void Adapters_are_merged_and_the_merged_model_writes_the_same()
    {
        Assert.Equal(0, _app.Train("run", "--epochs", "4").Code);
        var written = _app.Run("generate", _app.File("run"), "--text", "the cats will sleep .").Output;

        var (code, _, error) = _app.Run("merge", _app.File("run"), "--output", _app.File("merged"));

        Assert.True(code == 0, error);
        using var merged = AutoModel.Seq2SeqLM(_app.File("merged"));
        Assert.Empty(merged.LoadReport!.NewlyInitialized);
        Assert.Equal(written, _app.Run("generate", _app.File("run"), "--model", _app.File("bart"), "--text", "the cats will sleep .").Output);
    }

    [Fact]
    public void Texts_come_from_an_option_a_table_lines_or_standard_input()
    {
        Assert.Equal(0, _app.Train("run", "--max-steps", "2").Code);
        _app.Write("more.jsonl", [("the cats will sleep .", "a"), ("she sleeps .", "b")]);
        File.WriteAllText(_app.File("lines.txt"), "the cats will sleep .\nshe sleeps .\n");

        var one = _app.Run("generate", _app.File("run"), "--text", "the cats will sleep .");
        var table = _app.Run("generate", _app.File("run"), "--input", _app.File("more.jsonl"));
        var lines = _app.Run("generate", _app.File("run"), "--input", _app.File("lines.txt"));
        var standard = _app.Ask("the cats will sleep .\nshe sleeps .\n", "generate", _app.File("run"));

        Assert.Equal(2, table.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.NotNull(JsonNode.Parse(one.Output)!["summary"]);
        Assert.StartsWith(one.Output, table.Output, StringComparison.Ordinal);
        Assert.Equal((table.Output, table.Output), (lines.Output, standard.Output));
        Assert.Contains("cannot be combined", _app.Run("generate", _app.File("run"), "--text", "a", "--input", "b").Error, StringComparison.Ordinal);
        Assert.Contains("has no text 'body'", _app.Run("generate", _app.File("run"), "--input", _app.File("more.jsonl"), "--text-column", "body").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Columns_have_any_names_and_rows_without_a_text_are_left_out()
    {
        File.WriteAllText(_app.File("own.csv"), "id,body,subject\n1,\"the cats, they sleep .\",they sleep .\n2,,none\n3,she sleeps .,she\n");

        var (code, output, error) = _app.Train(
            "run", "--task", "texts", "--data", _app.File("own.csv"), "--dev", _app.File("own.csv"), "--text-column", "body", "--summary-column", "subject", "--max-steps", "1");

        Assert.True(code == 0, error);
        Assert.Contains("left out 1 rows without a text or a summary", output, StringComparison.Ordinal);
        Assert.Equal(2, File.ReadAllLines(_app.File("run", "predictions.jsonl")).Length);
    }

    [Fact]
    public void Sets_of_the_hub_are_read_from_parquet_in_parts()
    {
        Directory.CreateDirectory(_app.File("hub"));
        foreach (var (name, count) in ((string, int)[])[("train-00000-of-00002", 5), ("train-00001-of-00002", 4), ("validation-00000-of-00001", 3)])
            WriteParquet(_app.File("hub", $"{name}.parquet"), count);

        var (code, output, error) = _app.Train("run", "--task", "cnn_dailymail", "--data", _app.File("hub"), "--max-steps", "1");

        Assert.True(code == 0, error);
        Assert.DoesNotContain("left out", output, StringComparison.Ordinal);
        Assert.Equal(3, File.ReadAllLines(_app.File("run", "predictions.jsonl")).Length);
        var wrong = _app.Train("wrong", "--task", "xsum", "--data", _app.File("hub"), "--max-steps", "1");
        Assert.Equal(ExitCode.BadInput, wrong.Code);
        Assert.Contains("has no column 'document' and 'summary'; its columns are article, highlights", wrong.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Summaries_without_latin_letters_are_scored_by_a_tokenizer_that_is_named()
    {
        _app.Write("dev.jsonl", [("the cats sleep .", "кошки спят .")]);

        var (code, output, error) = _app.Train("run", "--dev", _app.File("dev.jsonl"), "--max-steps", "1");

        Assert.True(code == 0, error);
        Assert.Contains("ROUGE counts tokens of 'unicode'", output.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.Equal("unicode", Json("run", "scores.json")["rouge_tokens"]!.GetValue<string>());
    }

    [Fact]
    public void A_part_of_a_single_file_can_be_kept_aside()
    {
        var file = Path.Combine(_app.Data, "train.jsonl");

        var (code, _, error) = _app.Train("run", "--data", file, "--max-steps", "1");
        var held = _app.Train("held", "--data", file, "--max-steps", "1", "--held-out", "0.25");

        Assert.Equal(ExitCode.BadInput, code);
        Assert.Contains("has no dev set; name one with --dev, or keep a part of the training set aside", error, StringComparison.Ordinal);
        Assert.True(held.Code == 0, held.Error);
        Assert.Equal(16, File.ReadAllLines(_app.File("held", "predictions.jsonl")).Length);
    }

    [Fact]
    public void T5_is_trained_with_its_prefix()
    {
        _app.Save(new T5Config { VocabularySize = DemoVocabulary.Create().Count, HiddenSize = 32, Layers = 1, Heads = 2, HeadSize = 16, IntermediateSize = 64, EndIds = [3], PadId = 0 }, "t5");

        var (code, _, error) = _app.Train("run", "--model", _app.File("t5"), "--max-steps", "2");

        Assert.True(code == 0, error);
        Assert.NotEqual(Answer(), Answer("--text", "summarize: the cats sleep ."));

        string Answer(params string[] text) => _app.Run(["generate", _app.File("run"), .. text.Length > 0 ? text : ["--text", "she will never see the cats ."]]).Output;
    }

    [Fact]
    public void Published_settings_are_those_of_the_papers()
    {
        Assert.Equal((768, 64, 8, 11, 1.0), Settings("xsum"));
        Assert.Equal((1024, 160, 4, 56, 2.0), Settings("cnn_dailymail"));

        static (int Source, int Target, int Beams, int Least, double Penalty) Settings(string task)
        {
            var run = RunSettings.Of(SummarizationTasks.Catalog).With(RunOptions.Task, SummarizationTasks.Catalog.FindTask(task));
            return (run.Get(SummarizationOptions.MaxSourceLength), run.Get(SummarizationOptions.MaxTargetLength), run.Get(SummarizationOptions.Beams),
                run.Get(SummarizationOptions.MinTargetLength), run.Get(SummarizationOptions.LengthPenalty));
        }
    }

    [Theory]
    [InlineData("--data", "absent", "'absent' does not exist; give a folder with a training set and a dev set")]
    [InlineData("--dev", "absent", "--dev: the file 'absent' does not exist")]
    [InlineData("--beams", "0", "--beams: must be at least 1")]
    [InlineData("--max-source-length", "64", "--max-source-length: is 64, but the model has only 32 positions")]
    [InlineData("--summary-column", "headline", "has no text 'headline'")]
    [InlineData("--method", "prefix", "Unknown method 'prefix'")]
    public void Bad_input_is_named(string option, string value, string problem)
    {
        var (code, _, error) = _app.Train("run", option, value);

        Assert.Equal(ExitCode.BadInput, code);
        Assert.Contains(problem, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("train", "--length-penalty")]
    [InlineData("evaluate", "--beams")]
    [InlineData("generate", "--text-column")]
    [InlineData("compare", "--sweep-lr")]
    [InlineData("pretrain", "--hidden-size")]
    public void Help_has_examples(string command, string option)
    {
        var (code, output, _) = _app.Run(command, "--help");

        Assert.Equal(0, code);
        Assert.Contains(option, output, StringComparison.Ordinal);
        Assert.Contains($"Examples:{Environment.NewLine}  AdaLora.Summarization {command}", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_is_pretrained_from_nothing_and_fine_tuned()
    {
        var (code, output, error) = _app.Run(
            "pretrain", "--data", _app.Data, "--tokenizer", DemoDefaults.EncoderFolder, "--output", _app.File("own"), "--hidden-size", "32", "--layers", "1", "--length", "24", "--steps", "60",
            "--batch-size", "8");

        Assert.True(code == 0, error);
        Assert.Contains("Wrote the checkpoint", output, StringComparison.Ordinal);
        Assert.True(_app.Train("run", "--model", _app.File("own"), "--max-steps", "2") is { Code: 0 });
        Assert.Contains("--steps is 0", _app.Run("pretrain", "--data", _app.Data, "--tokenizer", _app.Data, "--output", "x", "--steps", "0").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_recorded_of_a_run_is_read_again()
    {
        var options = new RunOptionSet(SummarizationTasks.Catalog);
        var command = new System.CommandLine.Command("train");
        options.AddTo(command);
        var given = options.Bind(command.Parse(
            [
                "--data", "d", "--model", "m", "--task", "cnn_dailymail", "--dev", "x", "--prefix", "tl;dr ", "--beams", "3", "--length-penalty", "0.5", "--label-smoothing", "0", "--text-column",
                "body",
            ]));

        var again = RecordedSettings.Read(given.Record(), SummarizationTasks.Catalog);

        Assert.Equal(given.Record().ToJsonString(), again.Record().ToJsonString());
        Assert.Equal(["--beams", "--prefix"],
            RecordedSettings.Differences(given.With(SummarizationOptions.Beams, 8).With(SummarizationOptions.Prefix, ""), again.Record()).Select(difference => difference.Split(':')[0]).Order());
    }

    private static void WriteParquet(string path, int count)
    {
        string[] columns = ["article", "highlights"];
        var rows = Enumerable.Range(0, count).Select(row => columns.ToDictionary(column => column, column => (object?)$"the cats sleep {row} .")).ToList();
        using var stream = File.Create(path);
        ParquetSerializer.SerializeUntypedAsync(rows, new ParquetSchema(columns.Select(column => (Field)new DataField<string>(column))), stream).GetAwaiter().GetResult();
    }

    private JsonObject Json(params string[] path) => JsonNode.Parse(File.ReadAllText(_app.File(path)))!.AsObject();
}
