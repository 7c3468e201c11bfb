using AdaLora.Internals;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Layers;

/// <summary>What keeps models that were trained in wider types within the range of float16, as their references do. Nothing changes in other types.</summary>
internal static class HalfRange
{
    private const double Most = 65504;
    private const double Margin = 1000;

    /// <summary>Float16 states in which infinities, and what is next to them, are large finite numbers instead. Does not wait for the device.</summary>
    public static Tensor Clamp(Tensor states)
    {
        if (states.dtype != ScalarType.Float16)
            return states;
        using var scope = NewDisposeScope();
        var most = states.isinf().any().to(ScalarType.Float16).Mul(-Margin).Add(Most);
        return states.clamp(most.neg(), most).MoveToOuterDisposeScope();
    }

    /// <summary>Float16 states as a layer takes them whose weights are of a wider type.</summary>
    public static Tensor InputOf(Module<Tensor, Tensor> layer, Tensor states)
    {
        if (states.dtype != ScalarType.Float16)
            return states;
        // Adapters have the layer within them.
        var weight = layer.named_parameters().First(p => p.name == "weight" || p.name.EndsWith("base_layer.weight", StringComparison.Ordinal)).parameter;
        return states.to(weight.dtype);
    }
}
