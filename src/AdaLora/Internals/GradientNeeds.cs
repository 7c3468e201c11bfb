using static TorchSharp.torch;

namespace AdaLora.Internals;

/// <summary>Which arguments of a forward pass need a gradient, and of what form, so that zeros can be given for it when it cannot be computed.</summary>
internal sealed class GradientNeeds
{
    private readonly (long[] Shape, ScalarType Dtype, Device Device)?[] _forms;

    /// <param name="arguments">Of the forward pass.</param>
    public GradientNeeds(object?[] arguments) =>
        _forms = [.. arguments.Select(a => a is Tensor { requires_grad: true } t ? (t.shape, t.dtype, t.device) : ((long[], ScalarType, Device)?)null)];

    /// <summary>Whether the argument needs a gradient.</summary>
    public bool this[int argument] => _forms[argument] is not null;

    /// <summary>Zeros where a gradient is needed, else null. Each is one number seen as many: what failed may have failed for want of memory.</summary>
    public Tensor?[] Zeros()
    {
        using var scope = NewDisposeScope();
        return [.. _forms.Select(f => f is { } form ? zeros([], dtype: form.Dtype, device: form.Device).expand(form.Shape).MoveToOuterDisposeScope() : null)];
    }

    /// <summary>The same as tensors of no scope, for where no exception may leave: undefined gradients if a device does not even give a number.</summary>
    public Tensor?[] ZerosOrNone()
    {
        try
        {
            using var scope = NewDisposeScope();
            return [.. Zeros().Select(z => z?.DetachFromDisposeScope())];
        }
        catch (Exception)
        {
            return new Tensor?[_forms.Length];
        }
    }
}
