using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AdaLora.Experiments.Programs;
using AdaLora.Glue.Demo;
using AdaLora.Glue.Tasks;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Glue.Tests.Running;

/// <summary>The application behind mpirun.</summary>
public sealed class SeveralProcessesTests : IDisposable
{
    private readonly DemoApplication _app = new();

    public void Dispose() => _app.Dispose();

    [Theory]
    [InlineData("mpirun.openmpi")]
    [InlineData("mpirun.mpich")]
    public void A_run_that_two_processes_share_writes_the_adapter_and_the_metrics_of_one(string launcher)
    {
        MpiLaunch.Require(launcher);
        Assert.Equal(0, _app.Train("one", "--accumulate", "2", "--threads", "1", "--eval-every", "4").Code);

        var (code, errors) = Launch(launcher, TrainLine("two", "--accumulate", "2", "--threads", "1", "--eval-every", "4"));

        Assert.True(code == 0, errors);
        Assert.Equal(AdapterOf("one"), AdapterOf("two"));
        var (one, two) = (MetricsOf("one"), MetricsOf("two"));
        Assert.Equal((1, 2), (one["processes"]!.GetValue<int>(), two["processes"]!.GetValue<int>()));
        Assert.True(JsonNode.DeepEquals(one["evaluations"], two["evaluations"]), two["evaluations"]!.ToJsonString());
        Assert.True(JsonNode.DeepEquals(one["ranks"], two["ranks"]));
    }

    [Theory]
    [InlineData("mpirun.openmpi")]
    [InlineData("mpirun.mpich")]
    public void Evaluations_that_three_processes_deal_out_are_those_of_one(string launcher)
    {
        MpiLaunch.Require(launcher);
        Assert.Equal(0, _app.Train("one", "--accumulate", "3", "--threads", "1", "--eval-every", "2").Code);

        var (code, errors) = Launch(launcher, TrainLine("three", "--accumulate", "3", "--threads", "1", "--eval-every", "2"), size: 3);

        Assert.True(code == 0, errors);
        var (one, three) = (MetricsOf("one"), MetricsOf("three"));
        Assert.Equal(3, three["processes"]!.GetValue<int>());
        Assert.True(three["exchange"]!["waited"]!.GetValue<double>() > 0);
        var pairs = one["evaluations"]!.AsArray().Zip(three["evaluations"]!.AsArray()).ToList();
        Assert.Equal(6, pairs.Count);
        // Sums of three gradients depend on their order, in the last digits.
        Assert.All(pairs, pair => Assert.All(pair.First!.AsObject(), metric => Assert.Equal(metric.Value!.GetValue<double>(), pair.Second![metric.Key]!.GetValue<double>(), 1e-5)));
    }

    [Fact]
    public void Too_few_batches_in_a_step_and_other_commands_are_refused()
    {
        const string Launcher = "mpirun.mpich";
        MpiLaunch.Require(Launcher);

        var few = Launch(Launcher, TrainLine("few"));
        var compared = Launch(Launcher, ["compare", "--tasks", "cola", "--data", _app.Data, "--model", DemoDefaults.EncoderFolder]);

        Assert.Equal(2, few.Code);
        Assert.Equal(1, Regex.Count(few.Errors, Regex.Escape("--accumulate: is 1, but 2 processes share the batches of a step; it must be at least 2.")));
        Assert.Equal(2, compared.Code);
        Assert.Equal(1, Regex.Count(compared.Errors, Regex.Escape("Several processes can only share one run of train.")));
    }

    private string[] TrainLine(string output, params string[] more) =>
    [
        "train", "--task", "cola", "--data", _app.Data, "--model", DemoDefaults.EncoderFolder, "--initial-rank", "6", "--target-rank", "4", "--lr", "5e-3", "--max-steps", "12", "--delta-t", "1",
        "--output", _app.File(output), .. more,
    ];

    private byte[] AdapterOf(string run) => File.ReadAllBytes(Path.Combine(_app.File(run), "adapter", "adapter_model.safetensors"));

    private JsonNode MetricsOf(string run) => JsonNode.Parse(File.ReadAllText(Path.Combine(_app.File(run), "metrics.json")))!;

    private static (int Code, string Errors) Launch(string launcher, string[] arguments, int size = 2)
    {
        var application = new ApplicationProgram(typeof(GlueTasks).Assembly).Start(arguments);
        using var process = Process.Start(MpiLaunch.Of(launcher, size, [application.FileName, .. application.ArgumentList]))!;
        _ = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        if (process.WaitForExit(TimeSpan.FromMinutes(5)))
            return (process.ExitCode, errors.Result);
        process.Kill(entireProcessTree: true);
        throw new TimeoutException("The processes never ended.");
    }
}
