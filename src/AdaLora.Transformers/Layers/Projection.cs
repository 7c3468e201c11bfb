using System.Collections;
using System.Runtime.CompilerServices;
using AdaLora.Adapters;
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
        layer is Linear linear && RowProducts.AreFew(states, linear.weight!, linear.bias) && HasNoHooks(linear)
            ? RowProducts.OfFew(states, linear.weight!, linear.bias)
            : layer.call(states);

    /// <param name="states">(..., in).</param>
    /// <param name="weight">(out, in).</param>
    /// <param name="bias">(out), or null.</param>
    /// <returns>(..., out).</returns>
    public static Tensor Apply(Tensor states, Tensor weight, Tensor? bias = null) =>
        RowProducts.AreFew(states, weight, bias) ? RowProducts.OfFew(states, weight, bias) : functional.linear(states, weight, bias);

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
