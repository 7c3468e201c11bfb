using System.Text.Json.Nodes;
using AdaLora.Experiments.Methods;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Settings;
using AdaLora.Glue.Demo;
using AdaLora.Squad.Tasks;
using Xunit;

namespace AdaLora.Glue.Tests.Answers;

[Collection(Pictures.Name)]
public sealed class SquadApplicationTests : IDisposable
{
    private readonly SquadApplication _app = new();

    public void Dispose() => _app.Dispose();

    [Fact]
    public void A_run_learns_to_answer_and_leaves_the_official_files()
    {
        var (code, output, error) = _app.Train("run");

        Assert.True(code == 0, error);
        Assert.Contains("training set: 240 questions in 240 windows", output, StringComparison.Ordinal);
        var record = Json("run", "metrics.json");
        Assert.Equal("squad-v1.1", record["task"]!.GetValue<string>());
        Assert.InRange(record["final"]!["exact_match"]!.GetValue<double>(), 70, 100);
        Assert.InRange(record["final"]!["f1"]!.GetValue<double>(), record["final"]!["exact_match"]!.GetValue<double>(), 100);
        var predictions = Json("run", "predictions.json");
        Assert.Equal(60, predictions.Count);
        var best = Json("run", "nbest_predictions.json");
        Assert.All(best, entry =>
        {
            Assert.InRange(entry.Value!.AsArray().Count, 1, 20);
            Assert.Equal(predictions[entry.Key]!.GetValue<string>(), entry.Value[0]!["text"]!.GetValue<string>());
            Assert.Equal(1, entry.Value.AsArray().Sum(answer => answer!["probability"]!.GetValue<double>()), 1e-9);
        });
        Assert.False(File.Exists(_app.File("run", "null_odds.json")));

        var evaluated = _app.Run("evaluate", _app.File("run"), "--json");
        Assert.Equal(record["final"]!.ToJsonString(), JsonNode.Parse(evaluated.Output)!.ToJsonString());
    }

    [Fact]
    public void A_run_on_version_2_knows_when_there_is_no_answer()
    {
        var (code, _, error) = _app.Train("run", "--version", "2", "--epochs", "12");

        Assert.True(code == 0, error);
        var final = Json("run", "metrics.json")["final"]!;
        Assert.All((string[])["f1", "exact", "HasAns_exact", "NoAns_exact", "best_exact", "best_f1"], name => Assert.InRange(final[name]!.GetValue<double>(), 50, 100));
        var (predictions, odds) = (Json("run", "predictions.json"), Json("run", "null_odds.json"));
        Assert.All(predictions, entry => Assert.Equal(odds[entry.Key]!.GetValue<double>() > 0, entry.Value!.GetValue<string>().Length == 0));
        Assert.Contains(predictions, entry => entry.Value!.GetValue<string>().Length == 0);

        // Another threshold changes what is held to have no answer.
        Assert.Equal(0, _app.Run("evaluate", _app.File("run"), "--null-threshold", "-1000", "--output", _app.File("none")).Code);
        Assert.All(Json("none", "predictions.json"), entry => Assert.Equal("", entry.Value!.GetValue<string>()));
        var answer = JsonNode.Parse(_app.Run("predict", _app.File("run"), "--question", SquadApplication.Question, "--context", "the cats should not sleep .").Output)!;
        Assert.Equal(("should not", 9), (answer["answer"]!.GetValue<string>(), answer["answer_start"]!.GetValue<int>()));
        Assert.True(answer["null_odds"]!.GetValue<double>() < 0);
    }

    [Fact]
    public void Questions_come_from_options_a_file_or_standard_input()
    {
        Assert.Equal(0, _app.Train("run").Code);
        const string First = "the cats should not sleep today .", Second = "they will not see her .";

        var one = _app.Run("predict", _app.File("run"), "--question", SquadApplication.Question, "--context", First);
        var two = _app.Ask($"{SquadApplication.Question}\t{First}\n{new JsonObject { ["question"] = SquadApplication.Question, ["context"] = Second }.ToJsonString()}\n", "predict", _app.File("run"));
        File.WriteAllText(_app.File("questions.txt"), $"{SquadApplication.Question}\t{Second}\n");
        var three = _app.Run("predict", _app.File("run"), "--input", _app.File("questions.txt"));

        Assert.Equal("should not", JsonNode.Parse(one.Output)!["answer"]!.GetValue<string>());
        Assert.Equal(one.Output, two.Output.Split('\n')[0] + "\n");
        Assert.Equal(three.Output, two.Output.Split('\n')[1] + "\n");
        Assert.Equal("will not", JsonNode.Parse(three.Output)!["answer"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("add --context", "--question", "Who?")]
    [InlineData("add --question", "--context", "Cats.")]
    [InlineData("cannot be combined", "--question", "Who?", "--context", "Cats.", "--input", "-")]
    [InlineData("does not exist", "--input", "absent.txt")]
    [InlineData("Line 1 is neither an object nor a question and a text separated by a tab", "--input", "-")]
    public void What_is_asked_in_another_way_is_refused(string problem, params string[] arguments)
    {
        Assert.Equal(0, _app.Train("run", "--max-steps", "2").Code);

        var (code, _, error) = _app.Ask("one text\n", ["predict", _app.File("run"), .. arguments]);

        Assert.Equal(ExitCode.BadInput, code);
        Assert.Contains(problem, error, StringComparison.Ordinal);
    }

    public static TheoryData<string> Methods => [.. TrainingMethods.All.Select(method => method.Name)];

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
    public void Articles_of_the_training_set_are_named_and_left_out_of_another_dev_set_on_request()
    {
        var mixed = SquadApplication.Articles(3, 30, "other", 0);
        mixed[0]!["title"] = "train 4";
        SquadApplication.Write(_app.File("mixed.json"), mixed);

        var kept = _app.Train("kept", "--max-steps", "2", "--dev", _app.File("mixed.json"));
        var left = _app.Train("left", "--max-steps", "2", "--dev", _app.File("mixed.json"), "--new-titles");

        Assert.Contains("1 of 3 articles of", kept.Output, StringComparison.Ordinal);
        Assert.Contains("are in the training set too (train 4); --new-titles leaves them out", kept.Output, StringComparison.Ordinal);
        Assert.Contains("left out 1 of 3 articles of", left.Output, StringComparison.Ordinal);
        Assert.Equal((30, 20), (Json("kept", "predictions.json").Count, Json("left", "predictions.json").Count));
        // An evaluation knows the titles from the run alone.
        Assert.Equal(0, _app.Run("evaluate", _app.File("kept"), "--new-titles", "--output", _app.File("again")).Code);
        Assert.Equal(20, Json("again", "predictions.json").Count);
        Assert.Equal(0, _app.Run("evaluate", _app.File("left"), "--data", _app.Data, "--output", _app.File("folder")).Code);
        Assert.Equal(60, Json("folder", "predictions.json").Count);
    }

    [Fact]
    public void A_single_file_is_a_training_set()
    {
        var file = Path.Combine(_app.Data, "train-v1.1.json");

        var (code, _, error) = _app.Train("run", "--data", file, "--max-steps", "2");
        var held = _app.Train("held", "--data", file, "--max-steps", "2", "--held-out", "0.1");

        Assert.Equal(ExitCode.BadInput, code);
        Assert.Contains("add a dev set with --dev, or keep a part aside with --held-out 0.1", error, StringComparison.Ordinal);
        Assert.Equal(0, held.Code);
        Assert.Equal(24, Json("held", "predictions.json").Count);
    }

    [Theory]
    [InlineData("--version", "3", "--version: must be 1 or 2, but is 3")]
    [InlineData("--data", "absent", "'absent' does not exist; give a folder with train-v1.1.json and dev-v1.1.json")]
    [InlineData("--dev", "absent", "--dev: the file 'absent' does not exist")]
    [InlineData("--stride", "30", "leaves no room for a question")]
    [InlineData("--n-best", "0", "--n-best: must be at least 1")]
    public void Bad_input_is_named(string option, string value, string problem)
    {
        var (code, _, error) = _app.Train("run", option, value);

        Assert.Equal(ExitCode.BadInput, code);
        Assert.Contains(problem, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Version_1_refuses_questions_without_an_answer()
    {
        var (code, _, error) = _app.Train("run", "--dev", Path.Combine(_app.Data, "dev-v2.0.json"));

        Assert.Equal(ExitCode.BadInput, code);
        Assert.Contains("questions have no answer; use --version 2", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_data_an_error_says_what_is_missing()
    {
        var (code, _, error) = _app.Run("train", "--model", DemoDefaults.EncoderFolder);
        var nothing = _app.Run();

        Assert.Equal((ExitCode.BadInput, ExitCode.BadInput), (code, nothing.Code));
        Assert.Contains("--data", error, StringComparison.Ordinal);
        Assert.Contains("--help", nothing.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("train", "--null-threshold")]
    [InlineData("evaluate", "--new-titles")]
    [InlineData("predict", "--context")]
    [InlineData("compare", "--sweep-lr")]
    public void Help_has_examples(string command, string option)
    {
        var (code, output, _) = _app.Run(command, "--help");

        Assert.Equal(0, code);
        Assert.Contains(option, output, StringComparison.Ordinal);
        Assert.Contains($"Examples:{Environment.NewLine}  ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("AdaLora.Glue ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("--task ", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_comparison_sweeps_learning_rates_and_keeps_texts_whole()
    {
        string[] line =
        [
            "compare", "--methods", "lora,frozen", "--data", _app.Data, "--model", DemoDefaults.EncoderFolder, "--max-length", "32", "--stride", "8", "--target-rank", "2", "--epochs", "1", "--threads", "1",
            "--max-steps", "4", "--seeds", "1", "--sweep-lr", "1e-3,1e-2", "--output", _app.File("compare"),
        ];

        var (code, output, error) = _app.Run(line);

        Assert.True(code == 0, error + output);
        var table = File.ReadAllText(_app.File("compare", "comparison.md"));
        Assert.Contains("squad-v1.1", table, StringComparison.Ordinal);
        Assert.Contains("lora", table, StringComparison.Ordinal);
        Assert.Contains("0.01", table, StringComparison.Ordinal);
        Assert.Equal(5, File.ReadAllLines(_app.File("compare", "sweep", "sweep.csv")).Length);
    }

    [Fact]
    public void What_is_recorded_of_a_run_is_read_again()
    {
        var options = new RunOptionSet(SquadTasks.Catalog);
        var command = new System.CommandLine.Command("train");
        options.AddTo(command);
        var given = options.Bind(command.Parse(["--data", "d", "--model", "m", "--version", "2", "--dev", "x", "--new-titles", "--stride", "7", "--n-best", "3", "--max-answer-length", "9", "--null-threshold", "-0.5"]));

        var again = RecordedSettings.Read(given.Record(), SquadTasks.Catalog);

        Assert.Equal(given.Record().ToJsonString(), again.Record().ToJsonString());
        Assert.Equal((SquadTask.Version2, 384, 16, 12), (again.Task, again.Get(RunOptions.MaxLength), again.Get(RunOptions.BatchSize), again.Get(RunOptions.Epochs)));
        Assert.Equal(["--n-best", "--stride"],
            RecordedSettings.Differences(given.With(SquadOptions.Stride, 8).With(SquadOptions.BestCount, 4), again.Record()).Select(difference => difference.Split(':')[0]).Order());
    }

    private JsonObject Json(params string[] path) => JsonNode.Parse(File.ReadAllText(_app.File(path)))!.AsObject();
}
