using static TorchSharp.torch;

namespace AdaLora.Transformers.Layers;

/// <summary>Where the tokens of one pass may look.</summary>
/// <param name="Additive">What is added to attention scores, batch (or 1) x 1 x length x length of the keys; null for nothing besides <paramref name="IsCausal"/>.</param>
/// <param name="IsCausal">Whether attention must itself keep tokens from looking ahead.</param>
internal readonly record struct PassMask(Tensor? Additive, bool IsCausal);
