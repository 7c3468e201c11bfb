using AdaLora.Adapters;
using AdaLora.Adapters.Dropout;
using AdaLora.Adapters.FrozenWeights;
using AdaLora.Internals;
using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Adapters;

/// <summary>The fused node returns what the operations it replaces return.</summary>
public sealed class AdaptedLinearTests
{
    private const int In = 37, Out = 23, Rank = 5;
    private const double Scale = 1.7;

    [Theory]
    [InlineData(0, true, ScalarType.Float64, 1e-13)]
    [InlineData(0.3, true, ScalarType.Float64, 1e-13)]
    [InlineData(0.3, false, ScalarType.Float64, 1e-13)]
    [InlineData(0.3, true, ScalarType.Float32, 1e-5)]
    public void Outputs_and_all_gradients_are_those_of_single_operations(double dropout, bool hasLambda, ScalarType dtype, double tolerance)
    {
        using var scope = NewDisposeScope();
        var parts = Parts(dtype, hasLambda);
        manual_seed(7);
        var actual = Run(parts, (x, w, b, p, l, q) => AdaptedLinear.Apply(x, w, b, p, l, q, Scale, dropout));
        manual_seed(7);
        var expected = Run(parts, (x, w, b, p, l, q) =>
        {
            var low = nn.functional.linear(FastDropout.Apply(x.reshape(-1, In), dropout).view(x.shape), q);
            return nn.functional.linear(x, w, b) + (nn.functional.linear(l is null ? low : low * l.view(-1), p) * Scale);
        });

        Assert.Equal(expected.Count, actual.Count);
        Assert.All(expected.Zip(actual), pair =>
            Assert.True((pair.First - pair.Second).abs().max().to(ScalarType.Float64).item<double>() <= tolerance * (1 + pair.First.abs().max().to(ScalarType.Float64).item<double>())));
    }

    [Fact]
    public void Nothing_is_kept_for_the_backward_pass_but_the_input_and_what_has_the_width_of_the_rank()
    {
        using var scope = NewDisposeScope();
        var parts = Parts(ScalarType.Float32, hasLambda: true);
        // Warm up what is created once.
        AdaptedLinear.Apply(parts.Input, parts.Weight, parts.Bias, parts.Left, parts.Lambda, parts.Right, Scale, 0.1).sum().backward();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (var i = 0; i < 20; i++)
        {
            using var inner = NewDisposeScope();
            AdaptedLinear.Apply(parts.Input, parts.Weight, parts.Bias, parts.Left, parts.Lambda, parts.Right, Scale, 0.1).sum().backward();
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void A_weight_in_bfloat16_rounds_the_frozen_part_only()
    {
        using var scope = NewDisposeScope();
        var parts = Parts(ScalarType.Float32, hasLambda: true);
        var narrow = parts.Weight.to(ScalarType.BFloat16);
        var output = AdaptedLinear.Apply(parts.Input, narrow, parts.Bias, parts.Left, parts.Lambda, parts.Right, Scale);

        Assert.Equal(ScalarType.Float32, output.dtype);
        var frozen = nn.functional.linear(parts.Input.reshape(-1, In).to(ScalarType.BFloat16), narrow, parts.Bias.to(ScalarType.BFloat16)).to(ScalarType.Float32).view(4, 6, Out);
        var product = nn.functional.linear(nn.functional.linear(parts.Input, parts.Right) * parts.Lambda!.view(-1) * Scale, parts.Left);
        Assert.True((output - frozen - product).abs().max().to(ScalarType.Float64).item<double>() < 1e-5);
        output.sum().backward();
        Assert.Equal(ScalarType.Float32, parts.Input.grad!.dtype);
        Assert.Equal(ScalarType.Float32, parts.Left.grad!.dtype);
    }

    [Fact]
    public void All_that_does_not_fit_is_said_at_once()
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<ArgumentException>(() => AdaptedLinear.Apply(rand(3, 4), rand(6, 5), rand(2), rand(7, 2), rand(9), rand(3, 8), 1));
        foreach (var part in (string[])["the input has 4 features", "right has 8 columns", "left has 7 rows", "differ in rank", "the bias must have 6 entries"])
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => AdaptedLinear.Apply(rand(3, 5), rand(6, 5), null, rand(6, 2), null, rand(2, 5), 1, dropout: 1));
        Assert.Contains("frozen", Assert.Throws<ArgumentException>(() => AdaptedLinear.Apply(rand(3, 5), rand(6, 5, requires_grad: true), null, rand(6, 2), null, rand(2, 5), 1)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Tensors_of_other_kinds_and_devices_are_refused_by_name()
    {
        using var scope = NewDisposeScope();
        Refuses("left must be on the device of the weight", () => AdaptedLinear.Apply(rand(3, 5), rand(6, 5), null, rand([6, 2], device: META), null, rand(2, 5), 1));
        Refuses("bias must not be sparse", () => AdaptedLinear.Apply(rand(3, 5), rand(6, 5), rand(6).to_sparse(), rand(6, 2), null, rand(2, 5), 1));
        Refuses("floating point", () => AdaptedLinear.Apply(ones([3, 5], ScalarType.Int32), rand(6, 5), null, rand(6, 2), null, rand(2, 5), 1));
        Refuses("float32 or float64", () => AdaptedLinear.Apply(rand(3, 5), rand(6, 5), null, rand([6, 2], ScalarType.BFloat16), null, rand([2, 5], ScalarType.BFloat16), 1));

        static void Refuses(string what, Action call) => Assert.Contains(what, Assert.Throws<ArgumentException>(call).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_backward_pass_that_fails_is_told_by_the_next_pass_that_learns()
    {
        using var scope = NewDisposeScope();
        var parts = Parts(ScalarType.Float32, hasLambda: true);
        var output = Apply();
        using (no_grad())
            parts.Left.add_(1);
        output.sum().backward();

        using (no_grad())
            Apply();
        Assert.Contains("modified by an inplace operation", Assert.Throws<InvalidOperationException>(Apply).Message, StringComparison.Ordinal);
        Apply();

        Tensor Apply() => AdaptedLinear.Apply(parts.Input, parts.Weight, parts.Bias, parts.Left, parts.Lambda, parts.Right, Scale);
    }

    [Fact]
    public void A_backward_pass_that_fails_is_told_at_the_next_step_instead_of_ending_the_process()
    {
        using var scope = NewDisposeScope();
        var parts = Parts(ScalarType.Float32, hasLambda: true);
        var output = AdaptedLinear.Apply(parts.Input, parts.Weight, parts.Bias, parts.Left, parts.Lambda, parts.Right, Scale);
        using (no_grad())
            parts.Left.add_(1);

        output.sum().backward();

        Assert.All((Tensor[])[parts.Input, parts.Bias, parts.Left, parts.Lambda!, parts.Right], learning => Assert.Equal(zeros_like(learning), learning.grad!));
        Assert.Contains("modified by an inplace operation", Assert.Throws<InvalidOperationException>(BackwardFailure.OfThread.ThrowIfAny).Message, StringComparison.Ordinal);
        BackwardFailure.OfThread.ThrowIfAny();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_precision_of_the_base_is_an_option_and_leaves_the_weights_alone(bool isRounded)
    {
        var precision = isRounded ? BasePrecision.BFloat16 : BasePrecision.AsLoaded;
        using var scope = NewDisposeScope();
        using var model = nn.Sequential(nn.Linear(In, Out));
        var (input, weight) = (rand(4, In), ((Linear)model[0]).weight!.clone());
        var plain = model.call(input);
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { BasePrecision = precision, Seed = 1 });

        var difference = (model.call(input) - plain).abs().max().to(ScalarType.Float64).item<double>();
        Assert.Equal(isRounded, difference > 1e-5);
        Assert.InRange(difference, 0, 0.03);
        Assert.DoesNotContain(ScalarType.BFloat16, model.state_dict().Values.Select(t => t.dtype));
        model.eval();
        adapted.Merge();
        Assert.True((model.call(input) - plain).abs().max().to(ScalarType.Float64).item<double>() < 1e-5);
        adapted.Detach();
        Assert.True(((Linear)model[0]).weight!.eq(weight).all().item<bool>());
    }

    private static (Tensor Input, Tensor Weight, Tensor Bias, Tensor Left, Tensor? Lambda, Tensor Right) Parts(ScalarType dtype, bool hasLambda)
    {
        manual_seed(3);
        Tensor Random(params long[] shape) => randn(shape, dtype: dtype);
        return (
            Random(4, 6, In).requires_grad_(), Random(Out, In), Random(Out).requires_grad_(), Random(Out, Rank).requires_grad_(),
            hasLambda ? Random(Rank, 1).requires_grad_() : null, Random(Rank, In).requires_grad_());
    }

    private static List<Tensor> Run(
        (Tensor Input, Tensor Weight, Tensor Bias, Tensor Left, Tensor? Lambda, Tensor Right) parts, Func<Tensor, Tensor, Tensor?, Tensor, Tensor?, Tensor, Tensor> layer)
    {
        Tensor?[] trained = [parts.Input, parts.Bias, parts.Left, parts.Lambda, parts.Right];
        foreach (var tensor in trained)
            tensor?.grad?.zero_();
        var output = layer(parts.Input, parts.Weight, parts.Bias, parts.Left, parts.Lambda, parts.Right);
        output.square().sum().backward();
        return [output.detach(), .. trained.Where(t => t is not null).Select(t => t!.grad!.clone())];
    }
}
