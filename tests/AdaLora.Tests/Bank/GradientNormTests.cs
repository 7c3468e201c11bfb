using AdaLora.Bank;
using AdaLora.Internals.Cpu;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Bank;

/// <summary>Norm and clipping over memory and as operations, against PyTorch's clip_grad_norm_.</summary>
public sealed class GradientNormTests
{
    private static readonly long[][] Shapes = [[50_021], [3, 4], [], [0], [768, 2]];

    [Theory]
    [InlineData("memory", null)]
    [InlineData("memory", 0.5)]
    [InlineData("memory", 1e6)]
    [InlineData("operations", null)]
    [InlineData("operations", 0.5)]
    [InlineData("operations", 1e6)]
    public void The_norm_and_the_clipped_gradients_are_those_of_torch(string where, double? maximum)
    {
        using var scope = NewDisposeScope();
        using var seed = manual_seed(2);
        Parameter[] own = [.. Shapes.Select(shape => new Parameter(zeros(shape)))], theirs = [.. Shapes.Select(shape => new Parameter(zeros(shape)))];
        foreach (var (mine, other) in own.Zip(theirs))
        {
            var gradient = randn(mine.shape);
            other.grad = gradient.clone();
            mine.grad = where == "operations" && gradient.dim() == 2 ? gradient.t().contiguous().t() : gradient;
        }

        using var norm = new GradientNorm(own);
        norm.Measure(maximum);

        var expected = nn.utils.clip_grad_norm_(theirs, maximum ?? 1e30);
        Assert.Equal(expected, norm.Read(), expected * 1e-6);
        Assert.True(norm.IsFinite.item<bool>());
        Assert.All(own.Zip(theirs), pair => Assert.True(pair.First.grad!.allclose(pair.Second.grad!, 1e-5, 0)));
    }

    [Theory]
    [InlineData(float.NaN, float.NaN)]
    [InlineData(float.PositiveInfinity, 0)]
    public void A_gradient_that_is_not_finite_is_seen_and_clipped_alike_everywhere(float bad, float others)
    {
        using var scope = NewDisposeScope();
        foreach (var inMemory in (bool[])[true, false])
        {
            var gradient = ones(6, 7);
            gradient[3, 2] = tensor(bad);
            using var parameter = new Parameter(zeros(6, 7));
            parameter.grad = inMemory ? gradient : gradient.t().contiguous().t();
            using var norm = new GradientNorm([parameter]);
            norm.Measure(1);
            Assert.False(norm.IsFinite.item<bool>());
            Assert.Equal(bad, (float)norm.Read());
            Assert.Equal(others, parameter.grad![0, 0].item<float>());
            Assert.True(float.IsNaN(parameter.grad![3, 2].item<float>()));
        }
    }

    [Fact]
    public void No_gradients_have_the_norm_zero()
    {
        using var parameter = new Parameter(zeros(3));
        using var wide = new Parameter(zeros([3], ScalarType.Float64));
        foreach (var one in (Parameter[])[parameter, wide])
        {
            using var norm = new GradientNorm([one]);
            norm.Measure(1);
            Assert.Equal(0, norm.Read());
            Assert.True(norm.IsFinite.item<bool>());
        }
    }

    [Fact]
    public void The_sum_of_squares_does_not_depend_on_the_threads()
    {
        float[] values = [.. Enumerable.Range(0, 100_003).Select(i => MathF.Sin(i))];
        Assert.Equal(NormKernel.SumOfSquares(values, 1), NormKernel.SumOfSquares(values, 2));
        Assert.Equal(values.Sum(v => (double)v * v), NormKernel.SumOfSquares(values, 2), 0.01);
        Assert.Equal(0, NormKernel.SumOfSquares([], 2));
    }
}
