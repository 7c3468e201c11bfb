using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Reports;
using Xunit;

namespace AdaLora.Glue.Tests;

[Collection(Pictures.Name)]
public sealed class CancellationTests : IDisposable
{
    private readonly CommandLine _line = new();
    private readonly CancellationTokenSource _source = new();

    public void Dispose()
    {
        _line.Dispose();
        _source.Dispose();
    }

    [Fact]
    public void A_cancelled_run_finishes_its_step_and_writes_everything()
    {
        _line.Runner.BeforeStep = step =>
        {
            if (step == 250)
                _source.Cancel();
        };

        var code = _line.Run(_line.TrainArguments(), _source.Token);

        Assert.Equal(ExitCode.Cancelled, code);
        Assert.Equal(7, Directory.GetFiles(_line.Output).Length);
        var record = RunRecord.FromJson(File.ReadAllText(Path.Combine(_line.Output, RunFiles.Metrics)));
        Assert.Equal(RunStatus.Cancelled, record.Status);
        Assert.Equal([100, 200], record.Evaluations.Select(evaluation => evaluation.Step));
        Assert.Contains("cancelled", _line.OutputText);
    }

    [Fact]
    public void A_run_that_never_started_says_so()
    {
        _line.Runner.BeforeStep = _ => throw new OperationCanceledException();

        Assert.Equal(ExitCode.Cancelled, _line.Train());
        Assert.Contains("before the first step", _line.ErrorText);
    }

    [Fact]
    public void A_cancelled_demo_skips_the_remaining_runs()
    {
        _line.Runner.BeforeStep = step =>
        {
            if (step == 5)
                _source.Cancel();
        };

        Assert.Equal(ExitCode.Cancelled, _line.Run([], _source.Token));
        _ = Assert.Single(_line.Runner.Asked);
    }
}
