using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Layers;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Heads;

/// <summary>An encoder with the masked-language-modelling head, which scores every word of the vocabulary at every place.</summary>
public abstract class MaskedLM : EncoderModel
{
    /// <summary>The label of positions that don't count in the loss.</summary>
    public const long IgnoredLabel = Losses.IgnoredLabel;

    private protected MaskedLM(string name, EncoderConfig config)
        : base(name, config)
    {
    }

    internal sealed override string BasePrefix => Text.BasePrefix;

    internal sealed override IReadOnlyList<string> VocabularyEndings => [.. base.VocabularyEndings, "predictions.bias", "predictions.decoder.weight", "predictions.decoder.bias"];

    /// <summary>Scores every word of the vocabulary at every place.</summary>
    /// <param name="inputIds">Token ids, int64, batch x length.</param>
    /// <param name="attentionMask">1 for real tokens and 0 for padding, batch x length; null if there is no padding.</param>
    /// <param name="tokenTypeIds">Type ids, int64, batch x length; null for all 0.</param>
    /// <returns>Logits, batch x length x vocabulary size.</returns>
    /// <exception cref="ArgumentException">A shape is wrong, the texts are longer than the model's positions, or, in the host's memory, an id or type is beyond the model's tables.</exception>
    public sealed override Tensor forward(Tensor inputIds, Tensor? attentionMask, Tensor? tokenTypeIds)
    {
        using var scope = NewDisposeScope();
        return Score(Text.call(inputIds, attentionMask, tokenTypeIds)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The loss of a batch, computing logits only where they count: with 15 % of the tokens masked this avoids most of the vocabulary-sized work of calling the model.
    /// </summary>
    /// <param name="inputIds">Token ids with masks in them, int64, batch x length.</param>
    /// <param name="attentionMask">1 for real tokens and 0 for padding, batch x length; null if there is no padding.</param>
    /// <param name="labels">The true ids at the places to predict and <see cref="IgnoredLabel"/> elsewhere, int64, batch x length.</param>
    /// <returns>The mean cross-entropy, a scalar; NaN if there is no place to predict.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="ArgumentException">A shape is wrong, the texts are longer than the model's positions, or, in the host's memory, an id or label is beyond the vocabulary.</exception>
    public Tensor Loss(Tensor inputIds, Tensor? attentionMask, Tensor labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        HostIds.RequireBelow(labels, Config.VocabularySize, "label", "words", nameof(labels), IgnoredLabel);
        using var scope = NewDisposeScope();
        return Losses.OverWords(Text.call(inputIds, attentionMask, null), labels, new WordScores(Score, Config.VocabularySize, training)).MoveToOuterDisposeScope();
    }

    /// <summary>The head: states in, scores of all words out.</summary>
    private protected abstract Tensor Score(Tensor hidden);
}
