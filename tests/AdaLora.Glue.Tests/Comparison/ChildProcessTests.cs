using AdaLora.Experiments.Comparison;
using AdaLora.Experiments.Methods;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Reports;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Terminal;
using AdaLora.Glue.Demo;
using AdaLora.Glue.Tasks;
using Xunit;

namespace AdaLora.Glue.Tests.Comparison;

/// <summary>Comparisons whose runs are real and in their own processes.</summary>
public sealed class ChildProcessTests : IDisposable
{
    private readonly DemoApplication _app = new();

    public void Dispose() => _app.Dispose();

    [Fact]
    public void A_run_in_a_process_of_its_own_is_that_of_train()
    {
        var cell = CellOf(TrainingMethods.Lora, "child", maxSteps: 6);
        var lines = new List<string>();

        var result = new ChildProcessRunner(new ApplicationProgram(typeof(GlueTasks).Assembly)).Run(cell, lines.Add, CancellationToken.None);

        Assert.Null(result.Error);
        Assert.Contains(lines, line => line.StartsWith("step 6/6", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.Contains('│', StringComparison.Ordinal));
        var direct = new Runner().Execute(cell.Settings.With(RunOptions.Output, _app.File("direct")).With(RunOptions.Resume, false), new SilentReporter(), CancellationToken.None);
        Assert.Equal(direct.Evaluations[^1].Loss, result.Record!.Evaluations[^1].Loss);
    }

    [Fact]
    public void What_went_wrong_in_the_other_process_is_told()
    {
        var cell = CellOf(TrainingMethods.Lora, "child", maxSteps: 6);
        File.WriteAllText(Path.Combine(_app.Data, "train.tsv"), "no columns\n");

        var result = new ChildProcessRunner(new ApplicationProgram(typeof(GlueTasks).Assembly)).Run(cell, _ => { }, CancellationToken.None);

        Assert.Null(result.Record);
        Assert.Contains("train.tsv", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cancelled_run_stops_after_its_step_and_goes_on_from_there()
    {
        var cell = CellOf(TrainingMethods.Lora, "child", maxSteps: 60);
        using var source = new CancellationTokenSource();

        var stopped = new ChildProcessRunner(new ApplicationProgram(typeof(GlueTasks).Assembly))
            .Run(cell, line => { if (line.StartsWith("step ", StringComparison.Ordinal)) source.Cancel(); }, source.Token);

        Assert.Equal((null, null), (stopped.Record, stopped.Error));
        Assert.NotEmpty(Directory.GetFiles(cell.Settings.CheckpointFolder, "*.safetensors"));
        var lines = new List<string>();
        var resumed = new ChildProcessRunner(new ApplicationProgram(typeof(GlueTasks).Assembly)).Run(cell, lines.Add, CancellationToken.None);
        Assert.Equal(RunStatus.Completed, resumed.Record?.Status);
        Assert.Contains(lines, line => line.Contains("checkpoint", StringComparison.Ordinal));
    }

    private ComparisonCell CellOf(TrainingMethod method, string folder, int maxSteps) => new("cola", method.Name, RunSettings.Of(GlueTasks.Find("cola"), method)
        .With(RunOptions.Data, _app.Data)
        .With(RunOptions.Model, DemoDefaults.EncoderFolder)
        .With(RunOptions.MaxSteps, maxSteps)
        .With(RunOptions.Epochs, 10)
        .With(RunOptions.Threads, 1)
        .With(RunOptions.Resume, true)
        .With(RunOptions.Output, _app.File(folder)));
}
