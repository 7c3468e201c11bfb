using static TorchSharp.torch;

namespace AdaLora.Transformers.Heads;

/// <summary>How a head scores the words of a vocabulary.</summary>
/// <param name="score">Hidden states as rows in, scores of all words out.</param>
/// <param name="words">The number of words.</param>
/// <param name="areRandom">Whether scores are random, because of dropout.</param>
internal sealed class WordScores(Func<Tensor, Tensor> score, long words, bool areRandom)
{
    /// <summary>The number of words.</summary>
    public long Words => words;

    /// <summary>Whether scores are random, because of dropout.</summary>
    public bool AreRandom => areRandom;

    /// <summary>If scores are products with one matrix, that matrix; else null.</summary>
    public WordMatrix? Matrix { get; init; }

    /// <summary>The part of the probability that is spread over all words.</summary>
    public double Smoothing { get; init; }

    /// <summary>Hidden states as rows in, scores of all words out.</summary>
    public Tensor Score(Tensor rows) => score(rows);
}
