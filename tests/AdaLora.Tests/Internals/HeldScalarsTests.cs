using AdaLora.Internals;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Internals;

/// <summary>Holding a Scalar does not change any result: every operation returns the same bytes as TorchSharp's own.</summary>
public sealed class HeldScalarsTests
{
    private static readonly Dictionary<string, (Func<Tensor, Tensor> Held, Func<Tensor, Tensor> Own)> OnFloats = new()
    {
        ["a + b"] = (a => a.Add(a.flip(0)), a => a + a.flip(0)),
        ["a + number"] = (a => a.Add(0.3), a => a + 0.3),
        ["a := a + b"] = (a => a.AddInPlace(a.flip(0)), a => a.add_(a.flip(0))),
        ["a := a - number"] = (a => a.SubInPlace(1), a => a.sub_(1)),
        ["a · number"] = (a => a.Mul(0.3), a => a * 0.3),
        ["a := a · number"] = (a => a.MulInPlace(0.3), a => a.mul_(0.3)),
        ["a / number"] = (a => a.Div(3), a => a / 3),
        ["a squared"] = (a => a.Square(), a => a.square()),
        ["lower bound"] = (a => a.ClampMin(0.1), a => a.clamp_min(0.1)),
        ["upper bound"] = (a => a.ClampMaxInPlace(0.1), a => a.clamp_max_(0.1)),
        ["not above"] = (a => a.Le(0.1), a => a.le(0.1)),
        ["filled"] = (a => a.FillInPlace(0.3), a => a.fill_(0.3)),
        ["filled at places"] = (a => a.IndexFillInPlace(0, tensor(new long[] { 0, 3 }), 0.3), a => a.index_fill_(0, tensor(new long[] { 0, 3 }), 0.3)),
        ["filled by a mask"] = (a => a.MaskedFill(a.isfinite(), 0.3), a => a.masked_fill(a.isfinite(), 0.3)),
        ["filled by a mask in place"] = (a => a.MaskedFillInPlace(a.isfinite(), 0.3), a => a.masked_fill_(a.isfinite(), 0.3)),
        ["norm"] = (a => linalg.norm(a), a => linalg.vector_norm(a, 2)),
        ["norms of matrices"] = (a => linalg.norm(a.view(5, 4, -1), [1, 2], keepdim: true), a => linalg.vector_norm(a.view(5, 4, -1), 2, [1, 2], keepdim: true)),
    };

    private static readonly Dictionary<string, (Func<Tensor, Tensor> Held, Func<Tensor, Tensor> Own)> OnIntegers = new()
    {
        ["a + number"] = (a => a.Add(3), a => a + 3),
        ["a := a + number"] = (a => a.AddInPlace(3), a => a.add_(3)),
        ["a - number"] = (a => a.Sub(3), a => a - 3),
        ["bounds"] = (a => a.Clamp(2, 5), a => a.clamp(2, 5)),
        ["equal"] = (a => a.Eq(3), a => a.eq(3)),
        ["not equal"] = (a => a.Ne(3), a => a.ne(3)),
        ["true everywhere"] = (a => a.eq(a).FillInPlace(true), a => a.eq(a).fill_(true)),
        ["false at places"] = (a => a.eq(a).IndexFillInPlace(0, a, false), a => a.eq(a).index_fill_(0, a, false)),
        ["0, 1, 2 ..."] = (a => HeldScalars.Arange(a.numel(), a.device), a => arange(a.numel(), dtype: int64, device: a.device)),
    };

    public static TheoryData<string, ScalarType> Floats => new(OnFloats.Keys.SelectMany(name => new[] { ScalarType.Float32, ScalarType.Float64, ScalarType.BFloat16 }.Select(dtype => (name, dtype))));

    public static TheoryData<string> Integers => [.. OnIntegers.Keys];

    [Theory]
    [MemberData(nameof(Floats))]
    public void Operations_on_floats_give_the_same_bytes(string name, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1, CPU);
        var input = randn(2000, generator: generator).to(dtype);

        RequireSameBytes(OnFloats[name], input);
    }

    [Theory]
    [MemberData(nameof(Integers))]
    public void Operations_on_integers_give_the_same_bytes(string name)
    {
        using var scope = NewDisposeScope();

        RequireSameBytes(OnIntegers[name], tensor(new long[] { 0, 1, 2, 3, 4, 5, 6 }));
    }

    private static void RequireSameBytes((Func<Tensor, Tensor> Held, Func<Tensor, Tensor> Own) operation, Tensor input)
    {
        var held = operation.Held(input.clone());
        var own = operation.Own(input.clone());

        Assert.Equal(own.dtype, held.dtype);
        Assert.Equal(own.shape, held.shape);
        Assert.Equal(own.bytes.ToArray(), held.bytes.ToArray());
    }
}
