using AdaLora.Allocation;
using AdaLora.Parameters;
using AdaLora.Regularization;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Allocation;

/// <summary>What runs over memory in single precision gives what tensor operations give in double precision, for sizes that fill no vector too.</summary>
public sealed class HostKernelTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(5, 3, 2)]
    [InlineData(12, 40, 37)]
    [InlineData(16, 7, 65)]
    [InlineData(17, 30, 33)]
    // Longer than what is worked on at a time.
    [InlineData(7, 1701, 770)]
    public void Importance_scores_and_regulariser_match_double_precision(int rank, int rows, int columns)
    {
        using var scope = NewDisposeScope();
        manual_seed(rank);
        var layout = BankLayout.Create(Enumerable.Range(0, 3).Select(i => new TripletShape($"m{i}", rows, columns, rank)).Append(new TripletShape("other", 9, 4, 2)));
        using var single = TripletBank.Create(layout, ScalarType.Float32, CPU);
        using var wide = TripletBank.Create(layout, ScalarType.Float64, CPU);
        using var singleTracker = new ImportanceTracker(single);
        using var wideTracker = new ImportanceTracker(wide);
        using (no_grad())
        {
            single.Values.copy_(randn(layout.Elements));
            wide.Values.copy_(single.Values);
        }

        foreach (var isFinite in (bool[])[true, true, false, true])
        {
            single.Gradients.copy_(randn(layout.Elements));
            // An infinite product within a step that counts as finite.
            if (isFinite)
                single.Gradients[0] = float.PositiveInfinity;
            wide.Gradients.copy_(single.Gradients);
            singleTracker.Update(single.Values, single.Gradients, tensor(isFinite));
            wideTracker.Update(wide.Values, wide.Gradients, tensor(isFinite));
        }

        Close(wideTracker.Sensitivity, singleTracker.Sensitivity);
        Close(wideTracker.Uncertainty, singleTracker.Uncertainty);
        Assert.Equal((1, 1), (singleTracker.ReadRejected(), wideTracker.ReadRejected()));
        Close(ImportanceScore.SensitivityTimesUncertainty.Of(wideTracker.StateFor(wide.Values)), ImportanceScore.SensitivityTimesUncertainty.Of(singleTracker.StateFor(single.Values)));
        foreach (var form in Enum.GetValues<OrthogonalityForm>())
        {
            single.ZeroGradients();
            wide.ZeroGradients();
            Close(new OrthogonalityRegularizer(wide, 0.3, form).AddGradients(), new OrthogonalityRegularizer(single, 0.3, form).AddGradients());
            Close(wide.Gradients, single.Gradients);
        }
    }

    [Fact]
    public void Sums_do_not_depend_on_the_number_of_threads()
    {
        using var scope = NewDisposeScope();
        var (a, b) = (randn(400 * 33), randn(400 * 33));
        float[] Means(int threads)
        {
            var means = new float[400];
            ImportanceKernel.AddMeanProducts(HostMemory.Of(a), HostMemory.Of(b), 33, means, threads);
            return means;
        }

        Assert.Equal(Means(1), Means(2));
        Assert.Equal(Means(1), Means(7));
    }

    private static void Close(Tensor expected, Tensor actual)
    {
        var limit = 2e-6 * (1 + expected.abs().max().item<double>());
        Assert.True((expected - actual.to(ScalarType.Float64)).abs().max().item<double>() <= limit);
    }
}
