using AdaLora.Transformers.Layers;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Layers;

public sealed class ProjectionTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(9)]
    public void Without_a_graph_the_result_is_that_of_the_layer(int rows)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var layer = nn.Linear(40, 24);
        var states = randn(rows, 1, 40);

        var result = Projection.Apply(layer, states);

        Assert.Equal([rows, 1, 24], result.shape);
        Assert.True(result.allclose(layer.call(states), rtol: 1e-5, atol: 1e-6));
        Assert.True(Projection.Apply(states, layer.weight!).allclose(nn.functional.linear(states, layer.weight!), rtol: 1e-5, atol: 1e-6));
    }

    [Fact]
    public void With_a_graph_gradients_reach_the_layer()
    {
        using var scope = NewDisposeScope();
        var layer = nn.Linear(6, 4);

        Projection.Apply(layer, randn(2, 6)).sum().backward();

        Assert.NotNull(layer.weight!.grad);
    }

    [Fact]
    public void A_hook_is_heeded_whether_it_came_before_the_first_product_or_after_it_or_was_removed()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var (early, late) = (nn.Linear(6, 4), nn.Linear(6, 4));
        var states = randn(2, 6);
        _ = early.register_forward_hook((_, _, output) => output.mul(2));
        var plain = Projection.Apply(late, states);
        var hook = late.register_forward_hook((_, _, output) => output.mul(2));

        Assert.True(Projection.Apply(early, states).allclose(early.call(states)));
        Assert.True(Projection.Apply(late, states).allclose(plain.mul(2)));
        hook.remove();
        Assert.True(Projection.Apply(late, states).allclose(plain));
    }
}
