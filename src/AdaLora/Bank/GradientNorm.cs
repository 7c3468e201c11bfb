using AdaLora.Internals;
using AdaLora.Internals.Cpu;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Bank;

/// <summary>The joint 2-norm of all gradients of a step, and clipping by it, without reading a number from the device.</summary>
internal sealed class GradientNorm : IDisposable
{
    /// <summary>Added to the norm before dividing by it, as in PyTorch's clip_grad_norm_.</summary>
    private const double Guard = 1e-6;

    private readonly IReadOnlyList<Parameter> _parameters;
    private readonly Tensor _infinity;

    /// <param name="parameters">At least one parameter, all on one device.</param>
    public GradientNorm(IReadOnlyList<Parameter> parameters)
    {
        _parameters = parameters;
        var first = parameters[0];
        // A norm of 65,505 is infinite in half precision.
        Value = zeros([], dtype: first.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32, device: first.device).DetachFromDisposeScope();
        _infinity = tensor(double.PositiveInfinity, dtype: Value.dtype, device: first.device).DetachFromDisposeScope();
        IsFinite = ones([], dtype: ScalarType.Bool, device: first.device).DetachFromDisposeScope();
    }

    /// <summary>The norm before clipping, a scalar on the device.</summary>
    public Tensor Value { get; }

    /// <summary>Whether the norm, and hence every gradient, is finite: a boolean scalar on the device.</summary>
    public Tensor IsFinite { get; }

    /// <summary>Measures the gradients and, if a maximum is given, scales them by min(1, maximum / (norm + 1e-6)).</summary>
    /// <param name="maximum">The largest norm, or null.</param>
    /// <param name="float16Factor">What those in float16 stand for, as a multiple of themselves: they may be too small for float16.</param>
    public void Measure(double? maximum, double float16Factor = 1)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var gradients = _parameters.Select(p => p.grad).Where(g => g is not null && g.numel() > 0).Select(g => g!).ToArray();
        if (HostMemory.Holds(Value) && gradients.All(HostMemory.Holds))
            MeasureInMemory(gradients, maximum);
        else
            MeasureOnDevice(gradients, maximum, float16Factor);
        // A norm is not negative: one comparison tells what isfinite() needs four operations for. It is false for NaN.
        IsFinite.copy_(Value.lt(_infinity));
    }

    private void MeasureInMemory(Tensor[] gradients, double? maximum)
    {
        var threads = get_num_threads();
        var norm = (float)Math.Sqrt(gradients.Sum(g => NormKernel.SumOfSquares(HostMemory.Of(g), threads)));
        HostMemory.Of(Value)[0] = norm;
        // False for NaN, which clipping propagates as operations on a device do.
        if (maximum is not { } limit || limit / (norm + Guard) >= 1)
            return;
        var factor = (float)(limit / (norm + Guard));
        foreach (var gradient in gradients)
            NormKernel.Scale(HostMemory.Of(gradient), factor, threads);
    }

    private void MeasureOnDevice(Tensor[] gradients, double? maximum, double float16Factor)
    {
        var norms = gradients.Select(NormOf).ToArray();
        Value.copy_(norms.Length switch { 0 => zeros_like(Value), 1 => norms[0], _ => linalg.norm(stack(norms)) });
        if (maximum is not { } limit)
            return;
        var factor = Value.Add(Guard).reciprocal_().MulInPlace(limit).ClampMaxInPlace(1);
        foreach (var gradient in gradients)
            gradient.mul_(factor);

        Tensor NormOf(Tensor gradient)
        {
            var norm = linalg.norm(gradient.to(Value.dtype));
            return float16Factor == 1 || gradient.dtype != ScalarType.Float16 ? norm : norm.MulInPlace(float16Factor);
        }
    }

    /// <summary>The norm before clipping. Waits for the device once.</summary>
    public double Read()
    {
        using var wide = Value.to(ScalarType.Float64);
        return HostRead.Scalar<double>(wide);
    }

    public void Dispose()
    {
        Value.Dispose();
        IsFinite.Dispose();
        _infinity.Dispose();
    }
}
