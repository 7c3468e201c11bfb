using System.Collections;
using System.Runtime.CompilerServices;
using AdaLora.Injection;
using AdaLora.Internals.Cpu;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Layers;

/// <summary>
/// Applies linear layers. Without a graph and for a few rows, as in writing a text token by token, this library computes plain layers itself (<see cref="FewRows"/>), which takes less time.
/// </summary>
internal static class Projection
{
    // Found by reflection, which would take longer than a small product.
    private static readonly ConditionalWeakTable<Linear, IReadOnlyList<ICollection>> Hooks = [];

    /// <param name="layer">The layer, or an adapter in its place.</param>
    /// <param name="states">(..., in).</param>
    /// <returns>(..., out).</returns>
    public static Tensor Apply(Module<Tensor, Tensor> layer, Tensor states) =>
        layer is Linear linear && IsFew(states, linear.weight!, linear.bias) && HasNoHooks(linear) ? OfFew(states, linear.weight!, linear.bias) : layer.call(states);

    /// <param name="states">(..., in).</param>
    /// <param name="weight">(out, in).</param>
    /// <param name="bias">(out), or null.</param>
    /// <returns>(..., out).</returns>
    public static Tensor Apply(Tensor states, Tensor weight, Tensor? bias = null) => IsFew(states, weight, bias) ? OfFew(states, weight, bias) : functional.linear(states, weight, bias);

    private static bool IsFew(Tensor states, Tensor weight, Tensor? bias) =>
        !is_grad_enabled() && HostMemory.Holds(states) && HostMemory.Holds(weight) && (bias is null || HostMemory.Holds(bias))
        && states.numel() <= FewRows.Most * states.shape[^1];

    private static Tensor OfFew(Tensor states, Tensor weight, Tensor? bias)
    {
        var rows = states.numel() / states.shape[^1];
        var result = empty([.. states.shape[..^1], weight.shape[0]], device: states.device);
        FewRows.Multiply(HostMemory.Of(states), HostMemory.Of(weight), bias is null ? [] : HostMemory.Of(bias), HostMemory.Of(result), (int)rows, get_num_threads());
        return result;
    }

    private static bool HasNoHooks(Linear layer)
    {
        var lists = Hooks.GetValue(layer, HookLists.Of);
        if (lists.Count == 0)
            return false;
        foreach (var hooks in lists)
        {
            if (hooks.Count > 0)
                return false;
        }

        return true;
    }
}
