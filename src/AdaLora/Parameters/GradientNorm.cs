using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Parameters;

/// <summary>The joint 2-norm of all gradients of a step, and clipping by it, without asking the device for a number.</summary>
internal sealed class GradientNorm : IDisposable
{
    private readonly IReadOnlyList<Parameter> _parameters;

    /// <param name="parameters">At least one parameter, all on one device.</param>
    public GradientNorm(IReadOnlyList<Parameter> parameters)
    {
        _parameters = parameters;
        var first = parameters[0];
        Value = zeros([], dtype: first.dtype, device: first.device).DetachFromDisposeScope();
        IsFinite = ones([], dtype: ScalarType.Bool, device: first.device).DetachFromDisposeScope();
    }

    /// <summary>The norm before clipping, a scalar on the device.</summary>
    public Tensor Value { get; }

    /// <summary>Whether the norm, and with it every gradient, is finite: a boolean scalar on the device.</summary>
    public Tensor IsFinite { get; }

    /// <summary>Measures the gradients and scales them by min(1, maximum / (norm + 1e-6)) when a maximum is given.</summary>
    public void Measure(double? maximum)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var gradients = _parameters.Select(p => p.grad).Where(g => g is not null && g.numel() > 0).Select(g => g!).ToArray();
        if (gradients.Length == 0)
        {
            Value.zero_();
            IsFinite.FillInPlace(true);
            return;
        }

        var norms = gradients.Select(g => linalg.norm(g).to(Value.dtype)).ToArray();
        Value.copy_(norms.Length == 1 ? norms[0] : linalg.norm(stack(norms)));
        IsFinite.copy_(Value.isfinite());
        if (maximum is not { } limit)
            return;

        var factor = Value.Add(1e-6).reciprocal_().MulInPlace(limit).ClampMaxInPlace(1);
        foreach (var gradient in gradients)
            gradient.mul_(factor.to(gradient.dtype));
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
    }
}
