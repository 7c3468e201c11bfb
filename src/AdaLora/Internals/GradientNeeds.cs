using TorchSharp;
using static TorchSharp.torch;

namespace AdaLora.Internals;

/// <summary>Which arguments of a forward pass need a gradient, and with what shape and type, so that zeros can be returned if it cannot be computed.</summary>
internal sealed class GradientNeeds
{
    private readonly (long[] Shape, ScalarType Dtype, DeviceType Place, int Index)?[] _forms;

    /// <param name="arguments">The arguments of the forward pass. Inspected now, because they may have been freed by the time it matters.</param>
    public GradientNeeds(object?[] arguments)
    {
        _forms = new (long[], ScalarType, DeviceType, int)?[arguments.Length];
        for (var i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] is Tensor { requires_grad: true } tensor)
                _forms[i] = (ShapeOf(tensor), tensor.dtype, tensor.device_type, tensor.device_index);
        }
    }

    /// <summary>Whether the argument needs a gradient.</summary>
    public bool this[int argument] => _forms[argument] is not null;

    /// <summary>Zeros where a gradient is needed, else null. Each is one number expanded, because the failure may have been a lack of memory.</summary>
    public Tensor?[] Zeros()
    {
        using var scope = NewDisposeScope();
        return [.. _forms.Select(f => f is { } form ? zeros([], dtype: form.Dtype, device: device(form.Place, form.Index)).expand(form.Shape).MoveToOuterDisposeScope() : null)];
    }

    /// <summary>The same as tensors outside any scope, for places that must not throw: undefined gradients if a device cannot even provide one number.</summary>
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

    // Runs in every forward pass: Tensor.shape and Tensor.device take microseconds, these do not.
    private static long[] ShapeOf(Tensor tensor)
    {
        var shape = new long[tensor.dim()];
        for (var i = 0; i < shape.Length; i++)
            shape[i] = tensor.size(i);
        return shape;
    }
}
