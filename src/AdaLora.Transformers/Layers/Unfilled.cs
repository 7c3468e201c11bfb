using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Layers;

/// <summary>
/// Layers whose weights have no values yet. Every model is filled after it was made, by a checkpoint or by <see cref="WeightInitializer"/>; values drawn before that would be lost, and drawing them
/// takes several times as long as reading the checkpoint does.
/// </summary>
internal static class Unfilled
{
    public static Linear Linear(long inputs, long outputs)
    {
        // Weights can be exchanged, and a layer computes with them whatever size it was made with.
        var layer = nn.Linear(1, 1);
        layer.weight = new Parameter(empty(outputs, inputs));
        layer.bias = new Parameter(empty(outputs));
        (layer.in_features, layer.out_features) = (inputs, outputs);
        return layer;
    }

    public static Embedding Embedding(long count, long size, long? padding_idx = null)
    {
        // The index of the padding has to be a row already when the layer is made.
        var layer = nn.Embedding((padding_idx ?? 0) + 1, 1, padding_idx);
        var (_, small) = layer.named_parameters().Single();
        layer.weight = (Parameter)new Parameter(empty(count, size)).DetachFromDisposeScope();
        small.Dispose();
        return layer;
    }
}
