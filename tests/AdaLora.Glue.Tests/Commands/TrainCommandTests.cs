using System.CommandLine;
using System.Text.Json.Nodes;
using AdaLora.Experiments.Methods;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Reports;
using AdaLora.Experiments.Settings;
using AdaLora.Glue.Tasks;
using Xunit;

namespace AdaLora.Glue.Tests;

[Collection(Pictures.Name)]
public sealed class TrainCommandTests : IDisposable
{
    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Fact]
    public void Without_options_the_authors_settings_for_the_task_hold()
    {
        Assert.Equal(ExitCode.Success, _line.Train());

        Assert.Equal((12, 8, 32.0, 0.1, 8e-4),
            (_line.Asked.Get(RunOptions.InitialRank), _line.Asked.Get(RunOptions.TargetRank), _line.Asked.Get(RunOptions.Alpha), _line.Asked.Get(RunOptions.Dropout),
            _line.Asked.Get(RunOptions.LearningRate)));
        // 800, 10 and 3500 of 25 passes of 268 steps.
        Assert.Equal((0.06, 0.01, 0.1, 0.1194, 0.5224),
            (_line.Asked.Get(RunOptions.Warmup).Value, _line.Asked.Get(RunOptions.WeightDecay), _line.Asked.Get(RunOptions.Gamma), _line.Asked.Get(RunOptions.InitialPhase).Value,
            _line.Asked.Get(RunOptions.FinalPhase).Value));
        Assert.Equal((10, 1.0, 32, 128, 25),
            (_line.Asked.Get(RunOptions.MaskInterval), _line.Asked.Get(RunOptions.Clip), _line.Asked.Get(RunOptions.BatchSize), _line.Asked.Get(RunOptions.MaxLength),
            _line.Asked.Get(RunOptions.Epochs)));
    }

    [Theory]
    [InlineData(new[] { "--epochs", "25" }, 10)]
    [InlineData(new[] { "--epochs", "50" }, 10)]
    [InlineData(new[] { "--epochs", "5" }, 2)]
    [InlineData(new[] { "--epochs", "5", "--delta-t", "7" }, 7)]
    [InlineData(new[] { "--limit", "3200" }, 4)]
    [InlineData(new[] { "--max-steps", "1340" }, 2)]
    [InlineData(new[] { "--max-steps", "3" }, 1)]
    [InlineData(new[] { "--batch-size", "64" }, 5)]
    public void A_shorter_run_prunes_as_often_as_the_authors_did(string[] options, int expected) =>
        Assert.Equal(expected, OptionsOf(options)["delta_t"]!.GetValue<int>());

    [Fact]
    public void Every_tasks_settings_leave_steps_to_prune_in() =>
        Assert.All(GlueTasks.All, task =>
        {
            Assert.InRange(task.Paper.InitialFraction + task.Paper.FinalFraction, 0.1, 0.95);
            Assert.InRange(task.Paper.FinalFraction, 0.1, 0.9);
            Assert.InRange(task.Paper.LearningRate, 1e-4, 3e-3);
        });

    /// <summary>Option, argument, key in metrics.json, value there.</summary>
    public static TheoryData<string, string, string, string> Options() => new()
    {
        { "--method", "svd-lora", "method", "\"svd-lora\"" },
        { "--seed", "3", "seed", "3" },
        { "--epochs", "2", "epochs", "2" },
        { "--batch-size", "16", "batch_size", "16" },
        { "--max-length", "64", "max_length", "64" },
        { "--lr", "2e-4", "lr", "0.0002" },
        { "--warmup", "100", "warmup", "100" },
        { "--weight-decay", "0.1", "weight_decay", "0.1" },
        { "--clip", "0", "clip", "0" },
        { "--dropout", "0.2", "dropout", "0.2" },
        { "--initial-rank", "16", "initial_rank", "16" },
        { "--target-rank", "4", "target_rank", "4" },
        { "--alpha", "16.5", "alpha", "16.5" },
        { "--rank-stabilized", "true", "rank_stabilized", "true" },
        { "--gamma", "0.3", "gamma", "0.3" },
        { "--tinit", "120", "tinit", "120" },
        { "--tfinal", "0.25", "tfinal", "0.25" },
        { "--delta-t", "5", "delta_t", "5" },
        { "--bottleneck", "8", "bottleneck", "8" },
        { "--virtual-tokens", "7", "virtual_tokens", "7" },
        { "--targets", "query, value", "targets", "[\"query\",\"value\"]" },
        { "--layers", "4,0-2", "layers", "[0,1,2,4]" },
        { "--max-steps", "7", "max_steps", "7" },
        { "--limit", "50", "limit", "50" },
        { "--eval-every", "20", "eval_every", "20" },
        { "--threads", "2", "threads", "2" },
        { "--device", "CUDA:1", "device", "\"cuda:1\"" },
        { "--tensorboard", "events", "tensorboard", "\"events\"" },
    };

    [Theory]
    [MemberData(nameof(Options))]
    public void Option_reaches_the_run_and_its_record(string option, string argument, string key, string value)
    {
        var set = OptionsOf(option, argument);
        var standard = OptionsOf();

        Assert.Equal(value, set[key]!.ToJsonString());
        Assert.NotEqual(value, standard[key]?.ToJsonString());
        Assert.All(standard.Where(entry => entry.Key != key && entry.Key is not ("output" or "delta_t")), entry => Assert.Equal(entry.Value?.ToJsonString(), set[entry.Key]?.ToJsonString()));
    }

    [Fact]
    public void Learning_rate_depends_on_the_method()
    {
        Assert.Equal(8e-4, OptionsOf("--method", "lora")["lr"]!.GetValue<double>());
        Assert.Equal(5e-5, OptionsOf("--method", "full")["lr"]!.GetValue<double>());
        Assert.Equal(3e-5, OptionsOf("--method", "full", "--lr", "3e-5")["lr"]!.GetValue<double>());
    }

    [Theory]
    [InlineData("adalora", "")]
    [InlineData("svd-lora", "--initial-rank, --delta-t")]
    [InlineData("lora", "--initial-rank, --gamma, --delta-t")]
    [InlineData("prune-lora", "--gamma")]
    [InlineData("full", "--initial-rank, --target-rank, --gamma, --delta-t")]
    public void Options_that_the_method_does_not_read_are_named(string method, string ignored)
    {
        Assert.Equal(ExitCode.Success, _line.Train("--method", method, "--gamma", "0.1", "--initial-rank", "12", "--target-rank", "8", "--delta-t", "2", "--seed", "1"));

        Assert.Equal(ignored.Length == 0 ? "" : $"Note: {method} does not use {ignored}.{Environment.NewLine}", _line.ErrorText);
    }

    [Theory]
    [InlineData("adalora", ExitCode.BadInput)]
    [InlineData("svd-lora", ExitCode.Success)]
    [InlineData("lora", ExitCode.Success)]
    public void Only_a_method_that_prunes_needs_an_initial_rank_above_the_target(string method, int code) =>
        Assert.Equal(code, _line.Train("--method", method, "--target-rank", "16"));

    [Fact]
    public void Every_option_is_recorded()
    {
        Assert.Equal(ExitCode.Success, _line.Train());

        // Whether a run was resumed makes no difference to it, and a run that is only planned leaves no record.
        Assert.Equal([RunOptions.Resume, RunOptions.DryRun], GlueTasks.Catalog.Options.Where(option => !option.IsRecorded));
        var expected = GlueTasks.Catalog.Options.Except([RunOptions.Resume, RunOptions.DryRun]).Select(option => option.Name.TrimStart('-').Replace('-', '_'));
        Assert.Equal(expected, Record()["options"]!.AsObject().Select(entry => entry.Key));
    }

    [Fact]
    public void Output_folder_is_named_after_the_run()
    {
        var settings = RunSettings.Of(GlueTasks.Find("stsb"), TrainingMethods.SvdLora).With(RunOptions.Seed, 4);

        Assert.Equal(Path.Combine("runs", "stsb-svd-lora-4"), settings.OutputFolder);
    }

    [Fact]
    public void All_files_are_written_and_told()
    {
        Assert.Equal(ExitCode.Success, _line.Train());

        string[] names = ["adapter.safetensors", "history.png", "metrics.json", "ranks.csv", "ranks.png", "ranks_history.csv", "training.png"];
        Assert.Equal(names, Directory.GetFiles(_line.Output).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.All(names, name => Assert.Contains(name, _line.OutputText));
        var record = Record();
        Assert.Equal(450, record["step_ms_median"]!.GetValue<double>());
        Assert.True(record["peak_rss_mb"]!.GetValue<double>() > 10);
        Assert.Equal(FakeRanks.Bert(3, 8).Count, record["ranks"]!.AsObject().Count);
        Assert.Equal(0.24, record["best"]!["matthews"]!.GetValue<double>(), 1e-9);
    }

    [Fact]
    public void Normal_output_shows_progress_ranks_and_result()
    {
        _ = _line.Train();

        foreach (var text in (string[])["8,551 examples", "step 600/600", "penalty", "budget 288", "dev at step 600", "attention.self.query", "matthews", "200,000 → 150,000", "10:42"])
            Assert.Contains(text, _line.OutputText);
        Assert.Empty(_line.ErrorText);
    }

    [Fact]
    public void Quiet_prints_one_line_and_json_the_record_alone()
    {
        _ = _line.Train("--quiet");
        var quiet = _line.OutputText;
        _ = _line.Train("--json");

        Assert.Equal("cola adalora seed 1: matthews 0.240  accuracy 0.748", quiet.TrimEnd());
        Assert.Equal(File.ReadAllText(Path.Combine(_line.Output, RunFiles.Metrics)), _line.OutputText[quiet.Length..]);
    }

    /// <summary>The options object of metrics.json for a command line.</summary>
    private static JsonObject OptionsOf(params string[] arguments)
    {
        var options = new RunOptionSet(GlueTasks.Catalog);
        var command = new Command("train");
        options.AddTo(command);
        var settings = options.Bind(command.Parse(["--task", "cola", "--data", "d", "--model", "m", .. arguments]));
        return FakeRecord.Of(settings).Options;
    }

    private JsonNode Record() => JsonNode.Parse(File.ReadAllText(Path.Combine(_line.Output, RunFiles.Metrics)))!;
}
