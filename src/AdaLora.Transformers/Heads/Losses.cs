using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Heads;

/// <summary>What the losses of all heads share.</summary>
internal static class Losses
{
    /// <summary>The label of what doesn't count in a loss.</summary>
    public const long IgnoredLabel = -100;

    /// <summary>Half-precision logits as float32: sums over classes or positions lose too much otherwise.</summary>
    public static Tensor Widen(Tensor logits) => logits.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? logits.to(ScalarType.Float32) : logits;

    /// <summary>The mean cross-entropy over the places whose label counts. Scores are computed for these alone, because a score per word of the vocabulary is most of the work.</summary>
    /// <param name="hidden">Hidden states, batch x length x hidden size.</param>
    /// <param name="labels">The right word of each place, or <see cref="IgnoredLabel"/>, int64, batch x length.</param>
    /// <param name="score">Hidden states as rows in, scores of all words out.</param>
    /// <param name="smoothing">The part of the probability that is spread over all words.</param>
    /// <returns>A scalar; NaN if no place counts.</returns>
    public static Tensor OverWords(Tensor hidden, Tensor labels, Func<Tensor, Tensor> score, double smoothing = 0)
    {
        using var scope = NewDisposeScope();
        var flat = labels.reshape(-1);
#pragma warning disable RS0030 // One wait per batch, for labels that no computation precedes, is less than logits of all places.
        var places = flat.Ne(IgnoredLabel).nonzero().view(-1);
#pragma warning restore RS0030
        var logits = score(hidden.reshape(-1, hidden.shape[^1]).index_select(0, places));
        return nn.functional.cross_entropy(Widen(logits), flat.index_select(0, places), label_smoothing: smoothing).MoveToOuterDisposeScope();
    }
}
