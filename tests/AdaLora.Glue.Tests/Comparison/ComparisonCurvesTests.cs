using AdaLora.Experiments.Comparison;
using AdaLora.Experiments.Reports;
using Xunit;

namespace AdaLora.Glue.Tests.Comparison;

public sealed class ComparisonCurvesTests
{
    [Fact]
    public void A_curve_is_the_mean_over_the_seeds_at_each_step_without_losses_that_are_not_finite() =>
        Assert.Equal([(10, 3.0), (20, 1.5)], ComparisonCurves.Means([At(20, 1), At(10, 3), At(20, 2), At(10, double.NaN)]));

    [Fact]
    public void Without_results_there_is_no_picture() => Assert.Null(ComparisonCurves.Draw([]));

    private static TaskEvaluation At(int step, double loss) => new(step, 1, new Dictionary<string, double?>(), loss);
}
