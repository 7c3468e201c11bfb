using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Layers;

/// <summary>Layers one after another.</summary>
internal static class LayerSequence
{
    /// <param name="layers">The layers.</param>
    /// <param name="states">What goes into the first one.</param>
    /// <param name="context">What a layer takes besides, by its number.</param>
    /// <param name="trace">Receives what goes into each layer, or null.</param>
    /// <param name="call">Applies a layer in another way than by calling it; null for none.</param>
    /// <returns>What comes out of the last one; in the current scope.</returns>
    public static Tensor Run<TContext>(
        ModuleList<Module<Tensor, TContext, Tensor>> layers,
        Tensor states,
        Func<int, TContext> context,
        Action<Tensor>? trace,
        Func<Module<Tensor, TContext, Tensor>, Tensor, TContext, Tensor>? call = null)
    {
        var current = states.alias();
        for (var layer = 0; layer < layers.Count; layer++)
        {
            trace?.Invoke(current);
            var next = call is null ? layers[layer].call(current, context(layer)) : call(layers[layer], current, context(layer));
            // Frees what nothing else needs while the next layer runs; in training the graph keeps what the backward pass reads.
            current.Dispose();
            current = next;
        }

        return current;
    }
}
