using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Layers;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Layers;

/// <summary>Layers that this library's kernels compute in single precision, beside tensor operations in double precision: values, and gradients of all that takes part.</summary>
public sealed class HostKernelTests
{
    [Theory]
    [InlineData(1, 1, false)]
    [InlineData(7, 5, true)]
    [InlineData(64, 33, false)]
    [InlineData(301, 100, true)]
    public void Root_mean_square_norms(int size, int rows, bool addsOne)
    {
        using var scope = NewDisposeScope();
        using var seed = manual_seed(3);
        using var norm = new RmsNorm(size, 1e-6, addsOne);
        using (no_grad())
            norm.parameters().Single().copy_(randn(size));
        var (input, gradient) = (randn(2, rows, size).mul(3), randn(2, rows, size));
        Assert.True(RmsNormFunction.Suits(input, norm.parameters().Single()));

        RequireSame(norm, x => norm.call(x[0]), [input], gradient);
    }

    [Fact]
    public void A_norm_reads_views_and_rows_of_zeros()
    {
        using var scope = NewDisposeScope();
        using var norm = new RmsNorm(8, 1e-6);
        using (no_grad())
            norm.parameters().Single().fill_(1);
        var wide = randn(4, 16);
        Assert.False(RmsNormFunction.Suits(wide.narrow(1, 0, 8), norm.parameters().Single()));
        RequireSame(norm, x => norm.call(x[0].narrow(1, 0, 8)), [wide], randn(4, 8));
        RequireSame(norm, x => norm.call(x[0]), [zeros(3, 8)], randn(3, 8), tolerance: 1e-2);
    }

    [Theory]
    [InlineData(16, 1.0, 1)]
    [InlineData(20, 1.0, 2)]
    [InlineData(24, 0.5, 2)]
    [InlineData(64, 0.25, 3)]
    public void Rotary_positions(int headSize, double part, int batch)
    {
        using var scope = NewDisposeScope();
        using var seed = manual_seed(3);
        var rotary = new RotaryEmbedding(new RotaryParameters { RotatedPart = part }, headSize, 64);
        var positions = arange(5 * batch).view(batch, 5);
        var (states, gradient) = (randn(batch, 5, 3, headSize), randn(batch, 5, 3, headSize));

        RequireSame(null, x =>
        {
            var (cosines, sines) = rotary.At(positions, () => 64, x[0].dtype);
            return rotary.Turn(x[0], (cosines.MoveToOuterDisposeScope(), sines));
        }, [states], gradient);
    }

    [Fact]
    public void Texts_share_the_turns_of_their_places()
    {
        using var scope = NewDisposeScope();
        var rotary = new RotaryEmbedding(new RotaryParameters(), 16, 64);
        var (cosines, sines) = rotary.At(arange(5).view(1, 5), () => 64, ScalarType.Float32);
        var states = randn(3, 5, 2, 16);
        var together = rotary.Turn(states, (cosines, sines));
        for (var text = 0; text < 3; text++)
            Assert.True(rotary.Turn(states.narrow(0, text, 1), (cosines, sines)).equal(together.narrow(0, text, 1)).all().ToBoolean());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(13)]
    [InlineData(20_001)]
    public void Gates(int count)
    {
        using var scope = NewDisposeScope();
        using var seed = manual_seed(3);
        var (gate, states, gradient) = (randn(count).mul(6), randn(count), randn(count));
        RequireSame(null, x => x[0].dtype == ScalarType.Float32 ? GateFunction.Apply(x[0], x[1]) : nn.functional.silu(x[0]).mul(x[1]), [gate, states], gradient);
    }

    [Fact]
    public void Gates_of_any_size_stay_finite_and_what_is_no_number_is_passed_on()
    {
        using var scope = NewDisposeScope();
        float[] values = [-1e30f, -200, -90, -88, -87, -20, -0f, 0, 1e-30f, 20, 87, 88, 90, 200, 1e30f, float.NaN, 3];
        var gate = tensor(values);
        var found = GateFunction.Apply(gate, ones_like(gate));
        var expected = nn.functional.silu(gate);
        Assert.True(found.allclose(expected, rtol: 1e-5, atol: 1e-30, equal_nan: true), found.ToString());
    }

    private static void RequireSame(nn.Module? module, Func<Tensor[], Tensor> compute, Tensor[] inputs, Tensor gradient, double tolerance = 2e-6)
    {
        var found = Run(ScalarType.Float32);
        using (no_grad())
            Assert.True(compute(inputs).equal(found[0]).all().ToBoolean());
        foreach (var (expected, ours) in Run(ScalarType.Float64).Zip(found))
        {
            var most = expected.abs().max().item<double>();
            Assert.True((expected - ours.to(ScalarType.Float64)).abs().max().item<double>() <= tolerance * Math.Max(1, most), $"{ours}\n{expected}");
        }

        List<Tensor> Run(ScalarType dtype)
        {
            var taken = inputs.Select(input => input.detach().to(dtype).clone().requires_grad_()).ToArray();
            module?.to(dtype);
            foreach (var parameter in module?.parameters() ?? [])
                parameter.requires_grad_().grad = null;
            var result = compute(taken);
            result.backward([gradient.to(dtype)]);
            var found = new List<Tensor> { result.detach() };
            found.AddRange(taken.Concat(module?.parameters() ?? []).Select(t => t.grad!.clone()));
            module?.to(ScalarType.Float32);
            return found;
        }
    }
}
