using AdaLora.Internals;
using AdaLora.Training;
using AdaLora.Transformers.Layers;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Heads;

/// <summary>What the losses of all heads share.</summary>
internal static class Losses
{
    /// <summary>The label of what doesn't count in a loss.</summary>
    public const long IgnoredLabel = -100;

    /// <summary>Half-precision logits as float32: sums over classes or positions lose too much otherwise.</summary>
    public static Tensor Widen(Tensor logits) => logits.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? logits.to(ScalarType.Float32) : logits;

    /// <summary>The mean cross-entropy over the places whose label counts.</summary>
    /// <inheritdoc cref="SumOverWords"/>
    /// <returns>A scalar; NaN if no place counts.</returns>
    public static Tensor OverWords(Tensor hidden, Tensor labels, WordScores scores)
    {
        using var scope = NewDisposeScope();
        var sum = SumOverWords(hidden, labels, scores);
        return sum.Sum.div(sum.Count.to(sum.Sum.dtype)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The sum of the cross-entropies over the places whose label counts. Scores are computed for these alone, because a score per word of the vocabulary is most of the work, and for a slice of
    /// them at a time, forward and backward, because together they may take more memory than the model.
    /// </summary>
    /// <param name="hidden">Hidden states, batch x length x hidden size.</param>
    /// <param name="labels">The right word of each place, or <see cref="IgnoredLabel"/>, int64, batch x length.</param>
    /// <param name="scores">How words are scored.</param>
    /// <returns>The sum, in single precision at least, and the number of places that count.</returns>
    public static LossSum SumOverWords(Tensor hidden, Tensor labels, WordScores scores)
    {
        using var scope = NewDisposeScope();
        var flat = labels.reshape(-1);
#pragma warning disable RS0030 // One wait per batch, for labels that no computation precedes, is less than logits of all places.
        var places = flat.Ne(IgnoredLabel).nonzero().view(-1);
#pragma warning restore RS0030
        var (rows, words) = (hidden.reshape(-1, hidden.shape[^1]).index_select(0, places), flat.index_select(0, places));
        var sum = scores.Matrix is { } matrix && matrix.Weight.dtype == rows.dtype ? WordLossFunction.Apply(rows, words, matrix, scores.Smoothing) : SumOfSlices(rows, words, scores);
        var result = new LossSum(sum.MoveToOuterDisposeScope(), places.shape[0]);
        result.Count.MoveToOuterDisposeScope();
        return result;
    }

    private static Tensor SumOfSlices(Tensor rows, Tensor words, WordScores scores)
    {
        if (Slices.Count(rows.shape[0], scores.Words) <= 1)
            return CrossEntropy(rows, words);
        Tensor? sum = null;
        foreach (var (first, count) in Slices.Of(rows.shape[0], scores.Words))
        {
            // Needed again in the backward pass.
            var wanted = words.narrow(0, first, count).DetachFromDisposeScope();
            var part = Recomputed.Apply(rows.narrow(0, first, count), slice => CrossEntropy(slice, wanted), scores.AreRandom, wanted.Dispose);
            sum = sum is null ? part : sum.Add(part);
        }

        return sum!;

        Tensor CrossEntropy(Tensor slice, Tensor wanted)
        {
            using var scope = NewDisposeScope();
            return nn.functional.cross_entropy(Widen(scores.Score(slice)), wanted, reduction: nn.Reduction.Sum, label_smoothing: scores.Smoothing).MoveToOuterDisposeScope();
        }
    }
}
