using AdaLora.Internals;
using AdaLora.Transformers.Loading;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Layers;

/// <summary>Divides by the root of the mean square over the last dimension (Zhang and Sennrich, 2019), in single precision, and multiplies by a weight.</summary>
internal sealed class RmsNorm : Module<Tensor, Tensor>, INorm
{
    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;

    private readonly double _eps;
    private readonly bool _addsOne;

    /// <param name="size">The size of the last dimension.</param>
    /// <param name="eps">What is added to the mean square.</param>
    /// <param name="addsOne">Whether the factor is 1 + weight, applied before the result is rounded to half precision.</param>
    public RmsNorm(int size, double eps, bool addsOne = false)
        : base(nameof(RmsNorm))
    {
        _weight = Unfilled.Parameter(size);
        (_eps, _addsOne) = (eps, addsOne);
        RegisterComponents();
    }

    public double FirstWeight => _addsOne ? 0 : 1;

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        if (RmsNormFunction.Suits(input, _weight))
            return RmsNormFunction.Apply(input, _weight, _addsOne ? 1 : 0, _eps).MoveToOuterDisposeScope();
        var wide = Widen(input);
        var normed = wide.mul(wide.Square().mean([-1], true).Add(_eps).rsqrt());
        var result = _addsOne ? normed.mul(Widen(_weight).Add(1.0)).to(input.dtype) : normed.to(IsHalf(_weight) ? _weight.dtype : input.dtype).mul(_weight);
        return result.MoveToOuterDisposeScope();
    }

    private static bool IsHalf(Tensor states) => states.dtype is ScalarType.Float16 or ScalarType.BFloat16;

    private static Tensor Widen(Tensor states) => IsHalf(states) ? states.to(ScalarType.Float32) : states;
}
