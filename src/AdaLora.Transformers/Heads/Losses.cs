using static TorchSharp.torch;

namespace AdaLora.Transformers.Heads;

/// <summary>What the losses of all heads share.</summary>
internal static class Losses
{
    /// <summary>Half-precision logits as float32: sums over classes or positions lose too much otherwise.</summary>
    public static Tensor Widen(Tensor logits) => logits.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? logits.to(ScalarType.Float32) : logits;
}
