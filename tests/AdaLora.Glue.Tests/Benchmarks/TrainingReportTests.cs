using AdaLora.Benchmarks;
using AdaLora.Glue.Metrics;
using Xunit;

namespace AdaLora.Glue.Tests;

public sealed class TrainingReportTests
{
    [Fact]
    public void Last_line_of_the_script_around_peft_is_read_with_our_names_of_metrics()
    {
        var report = Read("{\"step\": 5, \"mcc\": 0.1}\n{\"final\": {\"mcc\": 0.25, \"score\": 0.25}, \"best\": null, \"wall_s\": 2.5, \"step_ms_median\": 12.5, \"peak_rss_mb\": 700, \"ranks\": null}\n");

        Assert.Equal((12.5, 700, 3), (report.StepMilliseconds, report.PeakMegabytes, report.Elapsed.TotalSeconds));
        Assert.Equal(0.25, report.Metrics[MetricNames.Matthews]);
    }

    [Fact]
    public void Record_of_a_run_over_many_lines_is_read()
    {
        var report = Read(FakeRecord.Create([]).ToJson());

        Assert.Equal((450.25, 1546), (report.StepMilliseconds, report.PeakMegabytes));
        Assert.Equal(FakeRun.Evaluations()[^1].Metrics[MetricNames.Matthews], report.Metrics[MetricNames.Matthews]);
    }

    [Fact]
    public void Block_without_an_evaluation_has_no_metrics() => Assert.Empty(Read("{\"final\": null, \"step_ms_median\": 1, \"peak_rss_mb\": 2}").Metrics);

    [Theory]
    [InlineData("")]
    [InlineData("Traceback")]
    [InlineData("{\"step_ms_median\": 1}")]
    public void Anything_else_is_an_error_that_shows_it(string output) =>
        Assert.Contains(output, Assert.Throws<ChildProcessException>(() => Read(output)).Message);

    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    [InlineData(15)]
    [InlineData(40)]
    [InlineData(1000)]
    public void Every_step_of_a_block_is_in_the_budgeting_phase(int steps) =>
        Assert.InRange(steps, 1, BlockPlan.TotalSteps(steps) - BlockPlan.FinalSteps(steps));

    private static TrainingReport Read(string output) => TrainingReport.Of(new ChildResult(0, output, TimeSpan.FromSeconds(3)));
}
