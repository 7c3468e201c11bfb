using System.Globalization;
using System.Text.Json;
using AdaLora.Experiments.Commands;
using AdaLora.Experiments.Commands.Runs;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Terminal;
using AdaLora.Glue.Commands;
using AdaLora.Glue.Demo;
using AdaLora.Safetensors;
using AdaLora.TestSupport;
using AdaLora.Transformers.Hub;
using Xunit;

namespace AdaLora.Glue.Tests.Running;

/// <summary>Whole runs of the application on the demo's encoder and a small demo task, through the real command line.</summary>
public sealed class GlueRunnerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public GlueRunnerTests() => DemoData.Create(1, 320, 64).Write(Path.Combine(_folder, "data"));

    [Fact]
    public void A_card_that_is_not_there_is_refused_in_one_line()
    {
        var (code, _, error) = Train("--device", "cuda:99");

        Assert.Equal(ExitCode.BadInput, code);
        Assert.StartsWith("'cuda:99' cannot be used: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.TrimEnd());
    }

    [Theory]
    [InlineData("adalora", true)]
    [InlineData("svd-lora", true)]
    [InlineData("lora", true)]
    [InlineData("prune-lora", true)]
    [InlineData("prefix", false)]
    [InlineData("prompt", false)]
    [InlineData("houlsby", false)]
    [InlineData("pfeiffer", false)]
    [InlineData("bitfit", false)]
    [InlineData("full", false)]
    [InlineData("frozen", false)]
    public void Every_method_trains_and_writes_all_its_files(string method, bool hasRanks)
    {
        var (code, output, error) = Train("--method", method, "--max-steps", "30", "--delta-t", "1");
        Assert.True(code == 0, output + error);

        using var metrics = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder, "out", "metrics.json")));
        var root = metrics.RootElement;
        Assert.Equal("completed", root.GetProperty("status").GetString());
        Assert.Equal(30, root.GetProperty("total_steps").GetInt32());
        Assert.True(root.GetProperty("final").GetProperty("matthews").ValueKind == JsonValueKind.Number);
        Assert.True(root.GetProperty("step_ms_median").GetDouble() > 0);
        Assert.Contains("computing on cpu", output, StringComparison.Ordinal);
        Assert.Equal(("auto", "cpu"), (root.GetProperty("options").GetProperty("device").GetString(), root.GetProperty("device").GetString()));
        var (start, end) = (root.GetProperty("trainable_parameters").GetProperty("start").GetInt64(), root.GetProperty("trainable_parameters").GetProperty("end").GetInt64());
        Assert.Equal(method is "adalora" or "prune-lora", end < start);
        var ranks = root.GetProperty("ranks").EnumerateObject().Select(r => r.Value.GetInt32()).ToList();
        Assert.Equal(hasRanks ? 18 : 0, ranks.Count);
        if (hasRanks)
            Assert.Equal(18 * 4, ranks.Sum());
        foreach (var file in (string[])["ranks.csv", "ranks.png", "training.png", "ranks_history.csv", "history.png"])
            Assert.True(File.Exists(Path.Combine(_folder, "out", file)), file);
        Assert.Contains(Directory.GetFiles(Path.Combine(_folder, "out", "adapter")), f => f.EndsWith(".safetensors", StringComparison.Ordinal) && HasTensors(f));
    }

    [Theory]
    [InlineData("orthonormal")]
    [InlineData("scaled")]
    [InlineData("lora")]
    [InlineData("weight")]
    [InlineData("data")]
    public void Every_initialisation_trains_to_the_budget_and_is_recorded(string initialisation)
    {
        var (code, output, error) = Train("--init", initialisation, "--lambda-lr-factor", "10", "--max-steps", "20", "--limit", "128", "--delta-t", "1");
        Assert.True(code == 0, output + error);

        Assert.Equal(initialisation, Metrics().GetProperty("options").GetProperty("init").GetString());
        Assert.Equal(10, Metrics().GetProperty("options").GetProperty("lambda_lr_factor").GetDouble());
        Assert.Equal(18 * 4, Metrics().GetProperty("ranks").EnumerateObject().Sum(r => r.Value.GetInt32()));
    }

    [Fact]
    public void What_is_held_out_is_evaluated_on_and_not_trained_on()
    {
        var (code, output, error) = Train("--held-out", "0.25", "--epochs", "2");
        Assert.True(code == 0, output + error);
        // 240 of 320 examples, 32 at a time.
        Assert.Equal(16, Metrics().GetProperty("total_steps").GetInt32());
        var heldOut = Metrics().GetProperty("final").GetProperty("matthews").GetDouble();

        // Another dev set makes no difference.
        Directory.Delete(Path.Combine(_folder, "out"), recursive: true);
        DemoData.Create(1, 320, 32).Write(Path.Combine(_folder, "data"));
        (code, output, error) = Train("--held-out", "0.25", "--epochs", "2");
        Assert.True(code == 0, output + error);
        Assert.Equal(heldOut, Metrics().GetProperty("final").GetProperty("matthews").GetDouble());
    }

    /// <summary>Whatever is trained, down to a new head alone, learns in half precision, scales its losses in float16, and is evaluated afterwards as it was trained.</summary>
    [Theory]
    [MemberData(nameof(HalfRuns))]
    public void Every_method_trains_in_half_precision(string method, string precision)
    {
        var (code, output, error) = Train("--method", method, "--precision", precision, "--max-steps", "6", "--limit", "96", "--delta-t", "1");
        Assert.True(code == 0, output + error);

        var root = Metrics();
        Assert.Equal(precision, root.GetProperty("options").GetProperty("precision").GetString());
        Assert.Equal(precision == "float16" ? JsonValueKind.Number : JsonValueKind.Null, root.GetProperty("loss_scale").ValueKind);
        Assert.InRange(root.GetProperty("skipped_steps").GetInt64(), 0, precision == "float16" ? 5 : 0);
        Assert.Equal(precision == "float16", output.Contains("scale ", StringComparison.Ordinal));
        Assert.Contains($"{precision} is several times slower", output, StringComparison.Ordinal);
        var losses = root.GetProperty("evaluations").EnumerateArray().Select(e => e.GetProperty("loss").GetDouble()).ToList();
        Assert.All(losses, loss => Assert.InRange(loss, 0, 2));
        (code, output, error) = Run("evaluate", Path.Combine(_folder, "out"), "--json");
        Assert.True(code == 0, output + error);
        using var evaluated = JsonDocument.Parse(output);
        Assert.Equal(root.GetProperty("final").GetProperty("matthews").GetDouble(), evaluated.RootElement.GetProperty("matthews").GetDouble(), 1e-9);
    }

    public static TheoryData<string, string> HalfRuns =>
    [
        .. from method in AdaLora.Experiments.Methods.TrainingMethods.All
           from precision in (string[])["bfloat16", "float16"]
           select new TheoryDataRow<string, string>(method.Name, precision),
    ];

    /// <summary>Weights that are trained in full move by less than their rounding in most steps: they learn through copies in single precision.</summary>
    [Theory]
    [InlineData("bf16")]
    [InlineData("fp16")]
    public void Weights_in_half_precision_learn_as_fast_as_in_single_precision(string precision)
    {
        var (single, half) = (LossAfter("fp32"), LossAfter(precision));
        Assert.True(single < 0.6, $"{single}");
        Assert.Equal(single, half, 0.05);

        double LossAfter(string name)
        {
            var (code, output, error) = Run([.. TrainLine("--method", "full", "--precision", name, "--epochs", "5", "--limit", "160", "--checkpoint-every", "0")
                .Select(argument => argument == "5e-3" ? "1e-3" : argument)]);
            Assert.True(code == 0, output + error);
            var losses = output.Split('\n').Where(line => line.StartsWith("step ", StringComparison.Ordinal))
                .Select(line => double.Parse(line.Split("loss ")[1].Split(' ')[0], CultureInfo.InvariantCulture)).ToList();
            return losses[^4..].Average();
        }
    }

    /// <summary>The exception of libtorch comes out of a step of a real training, after a checkpoint, which is then gone on from.</summary>
    [Fact]
    public void A_card_that_runs_out_of_memory_while_training_loses_nothing_before_the_last_checkpoint()
    {
        var full = new System.Runtime.InteropServices.ExternalException("CUDA out of memory. Tried to allocate 20.00 MiB.\nframe #0");
        using var cancel = new CancellationTokenSource();
        using var thrown = cancel.Token.Register(() => throw full);
        var (code, output, error) = Run(new CancelAtStep(new Runner(), 5, cancel), CancellationToken.None, TrainLine("--max-steps", "8", "--checkpoint-every", "2"));

        Assert.Equal(ExitCode.BadInput, code);
        Assert.DoesNotContain('\n', error.TrimEnd());
        Assert.StartsWith("Out of memory: CUDA out of memory. Tried to allocate 20.00 MiB. Lower --batch-size", error, StringComparison.Ordinal);
        var checkpoint = Directory.GetFiles(Path.Combine(_folder, "out", "checkpoints"), "*.safetensors").Single(path => Path.GetFileName(path).Split('-')[1].TrimStart('0') == "4");
        Assert.Contains($"--resume continues from {checkpoint}", error, StringComparison.Ordinal);
        (code, output, error) = Train("--max-steps", "8", "--checkpoint-every", "2", "--resume");
        Assert.True(code == 0, output + error);
        Assert.DoesNotContain("step 4/8", output, StringComparison.Ordinal);
    }

    [Fact]
    public void TF32_is_refused_by_name_on_a_cpu()
    {
        var (code, _, error) = Train("--precision", "tf32", "--device", "cpu");

        Assert.Equal(ExitCode.BadInput, code);
        Assert.StartsWith("tf32 needs a GPU", error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.TrimEnd());
    }

    [Fact]
    public void Another_precision_is_refused_by_name_when_a_run_is_resumed()
    {
        Assert.Equal(0, Train("--max-steps", "6", "--checkpoint-every", "2").Code);
        Assert.Contains("--precision: \"float32\" there, \"bfloat16\" here", Train("--max-steps", "6", "--precision", "bf16", "--resume").Error, StringComparison.Ordinal);
    }

    private JsonElement Metrics()
    {
        using var metrics = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder, "out", "metrics.json")));
        return metrics.RootElement.Clone();
    }

    [Theory]
    [InlineData("adalora", true, true)]
    [InlineData("prune-lora", true, false)]
    [InlineData("lora", false, false)]
    public void Ranks_are_seen_after_masks_and_at_the_end_and_importance_until_they_are_settled(string method, bool isPruned, bool isTracked)
    {
        Assert.Equal(0, Train("--method", method, "--max-steps", "25", "--delta-t", "4", "--tinit", "2", "--tfinal", "6", "--quiet").Code);

        var rows = File.ReadAllLines(Path.Combine(_folder, "out", "ranks_history.csv")).Skip(1).Select(line => line.Split(',')).ToLookup(row => int.Parse(row[0], CultureInfo.InvariantCulture));
        Assert.Equal([1, 5, 9, 13, 17, 21, 25], rows.Select(look => look.Key));
        Assert.All(rows, look => Assert.Equal(18, look.Count()));
        var final = File.ReadAllLines(Path.Combine(_folder, "out", "ranks.csv")).Skip(1).Select(line => line.Split(',')).ToDictionary(row => row[0], row => row[4]);
        Assert.All(rows[25], row => Assert.Equal(final[row[1]], row[4]));
        // The pattern is settled by the call after step 20.
        Assert.Equal(isTracked ? [1, 5, 9, 13, 17] : [], rows.Where(look => look.Any(row => row[5].Length > 0)).Select(look => look.Key));
        var sums = rows.Select(look => look.Sum(row => int.Parse(row[4], CultureInfo.InvariantCulture))).ToList();
        Assert.Equal(sums.OrderDescending(), sums);
        Assert.Equal(isPruned ? (18 * 6, 18 * 4) : (18 * 4, 18 * 4), (sums[0], sums[^1]));
    }

    [Fact]
    public void The_same_seed_gives_the_same_evaluations_and_ranks()
    {
        var runs = Enumerable.Range(0, 2).Select(_ =>
        {
            Assert.Equal(0, Train("--max-steps", "25", "--eval-every", "5", "--seed", "7", "--delta-t", "1").Code);
            using var metrics = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder, "out", "metrics.json")));
            return metrics.RootElement.GetProperty("evaluations").GetRawText() + metrics.RootElement.GetProperty("ranks").GetRawText();
        }).ToList();
        Assert.Equal(runs[0], runs[1]);
    }

    [Fact]
    public void A_checkpoint_of_another_architecture_is_one_line_and_exit_code_2()
    {
        var model = Path.Combine(_folder, "model");
        Directory.CreateDirectory(model);
        foreach (var file in Directory.GetFiles(DemoDefaults.EncoderFolder))
            File.Copy(file, Path.Combine(model, Path.GetFileName(file)));
        var config = Path.Combine(model, "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"bert\"", "\"mamba\"", StringComparison.Ordinal));
        var (code, _, error) = Run("train", "--task", "cola", "--data", Path.Combine(_folder, "data"), "--model", model, "--output", Path.Combine(_folder, "out"));
        Assert.Equal(2, code);
        Assert.Contains("mamba", error, StringComparison.Ordinal);
        Assert.Single(error.Trim().Split('\n'));
    }

    [Fact]
    public void A_name_on_the_hub_is_downloaded_and_trained()
    {
        using var hub = new FakeHub();
        hub.Files.Clear();
        foreach (var file in Directory.GetFiles(DemoDefaults.EncoderFolder))
            hub.Files[Path.GetFileName(file)] = File.ReadAllBytes(file);
        var failures = 1;
        hub.Intercept = _ => failures-- > 0 ? new LoopbackAnswer(503) : null;
        var (code, output, error) = RunWithHub(hub, FakeHub.Repository);
        Assert.True(code == 0, output + error);
        Assert.Contains($"downloading model.safetensors  {StatusText.Downloaded(hub.Files["model.safetensors"].Length, hub.Files["model.safetensors"].Length)}", output, StringComparison.Ordinal);
        Assert.Contains("answered 503", output, StringComparison.Ordinal);
        using var metrics = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder, "out", "metrics.json")));
        Assert.Contains(FakeHub.Repository, metrics.RootElement.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_the_hub_does_not_know_is_one_line()
    {
        using var hub = new FakeHub();
        var (code, _, error) = RunWithHub(hub, "nobody/nothing");
        Assert.Equal(1, code);
        Assert.Contains("'nobody/nothing' is unknown", error, StringComparison.Ordinal);
        Assert.Single(error.Trim().Split('\n'));
    }

    [Fact]
    public void A_tokenizer_of_another_model_is_one_line_and_exit_code_2()
    {
        var model = Path.Combine(_folder, "model");
        Directory.CreateDirectory(model);
        foreach (var file in Directory.GetFiles(DemoDefaults.EncoderFolder))
            File.Copy(file, Path.Combine(model, Path.GetFileName(file)));
        File.AppendAllText(Path.Combine(model, "vocab.txt"), string.Concat(Enumerable.Range(0, 500).Select(i => $"extra{i}\n")));
        var (code, _, error) = Run("train", "--task", "cola", "--data", Path.Combine(_folder, "data"), "--model", model, "--output", Path.Combine(_folder, "out"));
        Assert.Equal(2, code);
        Assert.Contains("different checkpoints", error, StringComparison.Ordinal);
        Assert.Single(error.Trim().Split('\n'));
    }

    [Fact]
    public void Cancelling_ends_after_the_step_with_everything_written_and_exit_code_130()
    {
        using var cancel = new CancellationTokenSource();
        var (code, output, error) = Run(new CancelAtStep(new Runner(), 3, cancel), cancel.Token, "train", "--task", "cola", "--data", Path.Combine(_folder, "data"), "--model",
            DemoDefaults.EncoderFolder, "--epochs", "100000", "--output", Path.Combine(_folder, "out"));
        Assert.True(code == 130, output + error);
        using var metrics = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder, "out", "metrics.json")));
        Assert.Equal("cancelled", metrics.RootElement.GetProperty("status").GetString());
        var evaluation = Assert.Single(metrics.RootElement.GetProperty("evaluations").EnumerateArray());
        Assert.Equal(3, evaluation.GetProperty("step").GetInt32());
        Assert.True(Directory.Exists(Path.Combine(_folder, "out", "adapter")));
    }

    [Theory]
    [InlineData("adalora")]
    [InlineData("prune-lora")]
    [InlineData("prompt")]
    [InlineData("prefix")]
    public void A_cancelled_run_is_resumed_and_ends_as_if_nothing_had_happened(string method)
    {
        string[] options = ["--method", method, "--max-steps", "25", "--eval-every", "5", "--delta-t", "1", "--dropout", "0.1", "--checkpoint-every", "4"];
        Assert.Equal(0, Train(options).Code);
        var whole = Results();
        Directory.Delete(Path.Combine(_folder, "out"), recursive: true);
        using var cancel = new CancellationTokenSource();
        var cancelled = Run(new CancelAtStep(new Runner(), 13, cancel), cancel.Token, TrainLine(options));
        Assert.True(cancelled.Code == 130, cancelled.Error);
        Assert.Contains("--resume", cancelled.Output, StringComparison.Ordinal);

        var (refused, _, reason) = Train(options);
        var (code, output, error) = Train([.. options, "--resume"]);

        Assert.Equal(2, refused);
        Assert.Contains("--resume", reason, StringComparison.Ordinal);
        Assert.True(code == 0, output + error);
        Assert.Contains("Resuming from", output, StringComparison.Ordinal);
        Assert.Equal(whole, Results());
        Assert.False(Directory.Exists(Path.Combine(_folder, "out", "checkpoints")));
    }

    [Fact]
    public void Resuming_with_other_options_is_one_line_and_exit_code_2()
    {
        using var cancel = new CancellationTokenSource();
        Assert.Equal(130, Run(new CancelAtStep(new Runner(), 3, cancel), cancel.Token, TrainLine("--max-steps", "25")).Code);

        var (code, _, error) = Train("--max-steps", "25", "--gamma", "0.3", "--resume");

        Assert.Equal(2, code);
        Assert.Contains("OrthogonalityWeight is 0.3 and was 0.1", error, StringComparison.Ordinal);
        Assert.Single(error.Trim().Split('\n'));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static bool HasTensors(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return file.Entries.Count > 0;
    }

    private (string Evaluations, string Ranks, string RankHistory, string Adapter) Results()
    {
        using var metrics = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder, "out", "metrics.json")));
        var adapter = Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(Directory.GetFiles(Path.Combine(_folder, "out", "adapter"), "*.safetensors").Single())));
        return (metrics.RootElement.GetProperty("evaluations").GetRawText(), metrics.RootElement.GetProperty("ranks").GetRawText(),
            File.ReadAllText(Path.Combine(_folder, "out", "ranks_history.csv")), adapter);
    }

    private (int Code, string Output, string Error) Train(params string[] more) => Run(TrainLine(more));

    private string[] TrainLine(params string[] more) =>
        ["train", "--task", "cola", "--data", Path.Combine(_folder, "data"), "--model", DemoDefaults.EncoderFolder, "--initial-rank", "6", "--target-rank", "4", "--lr", "5e-3", "--output",
            Path.Combine(_folder, "out"), .. more];

    private (int Code, string Output, string Error) RunWithHub(FakeHub hub, string model) => Run(
        new Runner(new ModelFolder(logger =>
            new HubOptions { Logger = logger, MaxRetries = 1, RetryDelay = TimeSpan.Zero, CacheFolder = Path.Combine(_folder, "cache"), Endpoint = hub.Address, Token = "", Offline = false })),
        CancellationToken.None,
        "train", "--task", "cola", "--data", Path.Combine(_folder, "data"), "--model", model, "--method", "frozen", "--max-steps", "2", "--output", Path.Combine(_folder, "out"));

    private static (int Code, string Output, string Error) Run(params string[] args) => Run(new Runner(), CancellationToken.None, args);

    private static (int Code, string Output, string Error) Run(IRunner runner, CancellationToken cancellation, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var console = Spectre.Console.AnsiConsole.Create(new Spectre.Console.AnsiConsoleSettings
        {
            Ansi = Spectre.Console.AnsiSupport.No,
            Out = new Spectre.Console.AnsiConsoleOutput(output),
        });
        var services = new ApplicationServices
        {
            Description = GlueDescription.Application,
            Runner = runner,
            DemoRuns = DemoRuns.Prepare,
            Console = console,
            Error = error,
            MoreCommands = [EvaluateCommand.Create(GlueDescription.Application, new ModelFolder())],
        };
        return (new Application(services).Run(args, cancellation), output.ToString(), error.ToString());
    }
}
