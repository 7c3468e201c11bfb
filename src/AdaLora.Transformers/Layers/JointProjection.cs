using AdaLora.Adapters;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Layers;

/// <summary>Several projections of the same states, as a layer each or as one layer whose output is cut up.</summary>
internal static class JointProjection
{
    /// <param name="layers">One layer for each size, or a single one.</param>
    /// <param name="states">What is projected.</param>
    /// <param name="sizes">The size of each part.</param>
    /// <returns>The parts, in the order of the sizes.</returns>
    public static Tensor[] Apply(Module<Tensor, Tensor>[] layers, Tensor states, long[] sizes)
    {
        if (layers.Length == 1)
            return Projection.Apply(layers[0], states).split(sizes, -1);
        JointLinears.Prepare(states, layers);
        return [.. layers.Select(layer => Projection.Apply(layer, states))];
    }

    /// <param name="parent">The module whose parts the layers become.</param>
    /// <param name="inputs">The size of the states.</param>
    /// <param name="names">A name for each size, or a single one.</param>
    /// <param name="sizes">The size of each part.</param>
    /// <param name="hasBias">Whether the layers have biases.</param>
    public static Module<Tensor, Tensor>[] Create(Module parent, long inputs, string[] names, long[] sizes, bool hasBias)
    {
        var outputs = names.Length == 1 ? [sizes.Sum()] : sizes;
        var layers = names.Select((_, part) => (Module<Tensor, Tensor>)Unfilled.Linear(inputs, outputs[part], hasBias)).ToArray();
        for (var part = 0; part < layers.Length; part++)
            parent.register_module(names[part], layers[part]);
        return layers;
    }
}
