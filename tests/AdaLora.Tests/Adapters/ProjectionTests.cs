using AdaLora.Adapters;
using AdaLora.Tests.Injection;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Tests.Adapters;

public sealed class ProjectionTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_linear_layer_is_described_and_followed_when_it_moves(bool bias)
    {
        using var linear = Linear(3, 5, hasBias: bias);
        Assert.True(Projection.TryDescribe(linear, out var projection));
        Assert.Equal((3, 5, false), (projection.InFeatures, projection.OutFeatures, projection.WeightIsTransposed));
        Assert.Same(linear.weight, projection.Weight);
        Assert.Same(linear.bias, projection.Bias);
        Assert.Null(Projection.FindFault(projection));

        _ = linear.to(ScalarType.BFloat16);
        Assert.Same(linear.weight, projection.Weight);
        Assert.Equal(ScalarType.BFloat16, projection.Weight.dtype);
        Assert.Null(Projection.FindFault(projection));
    }

    [Fact]
    public void A_layer_of_ones_own_describes_itself()
    {
        using var layer = new Conv1D(3, 5);
        Assert.True(Projection.TryDescribe(layer, out var projection));
        Assert.Same(layer, projection);
        Assert.Null(Projection.FindFault(projection));
    }

    [Fact]
    public void Other_modules_are_no_projections()
    {
        using var pair = new TwoInputs();
        foreach (var module in new Module[] { Tanh(), LayerNorm(4), Embedding(4, 4), Conv1d(1, 1, 1), Sequential(Linear(4, 4)), pair })
        {
            Assert.False(Projection.TryDescribe(module, out var projection));
            Assert.Null(projection);
            module.Dispose();
        }

        _ = Assert.Throws<ArgumentNullException>(() => Projection.TryDescribe(null!, out _));
    }

    /// <summary>Implements the interface, but no adapter could stand in for it.</summary>
    private sealed class TwoInputs() : Module<Tensor, Tensor, Tensor>(nameof(TwoInputs)), IProjection
    {
        public Tensor Weight => throw new NotSupportedException();

        public Tensor? Bias => null;

        public long InFeatures => 4;

        public long OutFeatures => 4;

        public bool WeightIsTransposed => false;

        public override Tensor forward(Tensor left, Tensor right) => left + right;
    }
}
