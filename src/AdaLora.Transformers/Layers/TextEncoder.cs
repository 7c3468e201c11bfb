using AdaLora.Transformers.Configuration;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Layers;

/// <summary>An encoder without a head: token ids in, one hidden state per token out.</summary>
public abstract partial class TextEncoder : EncoderModel
{
    private const string TokenIds = "token ids (do tokenizer and model come from the same checkpoint?)";
    private const string TokenTypes = "token types";

    private protected TextEncoder(string name, EncoderConfig config)
        : base(name, config)
    {
    }

    /// <summary>Encodes a batch.</summary>
    /// <param name="inputIds">Token ids, int64, batch x length.</param>
    /// <param name="attentionMask">1 for real tokens and 0 for padding, batch x length; null if there is no padding.</param>
    /// <param name="tokenTypeIds">Type ids, int64, batch x length; null for all 0. Ignored by models without token types.</param>
    /// <returns>The last hidden states, batch x length x hidden size. Those of padding mean nothing.</returns>
    /// <exception cref="ArgumentException">A shape is wrong, the texts are longer than the model's positions, or, in the host's memory, an id or type is beyond the model's tables.</exception>
    public sealed override Tensor forward(Tensor inputIds, Tensor? attentionMask, Tensor? tokenTypeIds)
        => Encode(inputIds, attentionMask, tokenTypeIds, null);

    /// <summary>Encodes a batch and gives the states after every layer.</summary>
    /// <param name="inputIds">Token ids, int64, batch x length.</param>
    /// <param name="attentionMask">1 for real tokens and 0 for padding, batch x length; null if there is no padding.</param>
    /// <param name="tokenTypeIds">Type ids, int64, batch x length; null for all 0.</param>
    /// <returns>The output of the embeddings and of every layer, each batch x length x hidden size.</returns>
    /// <exception cref="ArgumentException">A shape is wrong, the texts are longer than the model's positions, or, in the host's memory, an id or type is beyond the model's tables.</exception>
    public IReadOnlyList<Tensor> HiddenStates(Tensor inputIds, Tensor? attentionMask = null, Tensor? tokenTypeIds = null)
    {
        var states = new List<Tensor>(Config.Layers + 1);
        Encode(inputIds, attentionMask, tokenTypeIds, states).Dispose();
        states.ForEach(state => CurrentDisposeScope?.Attach(state));
        return states;
    }

    internal sealed override TextEncoder Text => this;

    internal sealed override bool HasHead => false;

    /// <summary>The greatest length of a text in tokens, or null if there is none.</summary>
    private protected virtual int? MaxLength => Config.MaxPositions;

    /// <summary>What goes into the first layer, batch x length x hidden size.</summary>
    private protected abstract Tensor Embed(Tensor inputIds, Tensor? attentionMask, Tensor? tokenTypeIds);

    /// <summary>
    /// Runs the layers over rows; <paramref name="trace"/> receives what goes into the first and what comes out of each, batch x length x hidden size, as tensors that belong to no scope.
    /// </summary>
    private protected abstract Tensor Transform(Tensor embedded, PackedTokens rows, List<Tensor>? trace);

    /// <summary>The last states of the first tokens, batch x hidden size: what heads for whole texts read. Costs less than all states.</summary>
    internal Tensor FirstStates(Tensor inputIds, Tensor? attentionMask, Tensor? tokenTypeIds)
    {
        CheckInputs(inputIds, attentionMask, tokenTypeIds);
        using var scope = NewDisposeScope();
        var (embedded, mask) = EmbedWithPrompt(inputIds, attentionMask, tokenTypeIds);
        var rows = PackedTokens.ForFirsts(embedded, mask);
        return Transform(rows.FromTexts(embedded), rows, null).MoveToOuterDisposeScope();
    }

    private Tensor Encode(Tensor inputIds, Tensor? attentionMask, Tensor? tokenTypeIds, List<Tensor>? trace)
    {
        CheckInputs(inputIds, attentionMask, tokenTypeIds);
        using var scope = NewDisposeScope();
        var (embedded, mask) = EmbedWithPrompt(inputIds, attentionMask, tokenTypeIds);
        var rows = PackedTokens.OfAll(embedded, mask);
        var states = rows.ToTexts(Transform(rows.FromTexts(embedded), rows, trace));
        if (_prompt is not { } prompt)
            return states.MoveToOuterDisposeScope();
        for (var i = 0; i < trace?.Count; i++)
        {
            using var withPrompt = trace[i];
            trace[i] = prompt.LeftOut(withPrompt).DetachFromDisposeScope();
        }
        return prompt.LeftOut(states).MoveToOuterDisposeScope();
    }

    private (Tensor Embedded, Tensor? Mask) EmbedWithPrompt(Tensor inputIds, Tensor? attentionMask, Tensor? tokenTypeIds)
    {
        var embedded = Embed(inputIds, attentionMask, tokenTypeIds);
        return _prompt is { } prompt
            ? (prompt.AfterFirstToken(embedded), attentionMask is null ? null : prompt.AfterFirstMark(attentionMask))
            : (embedded, attentionMask);
    }

    private void CheckInputs(Tensor inputIds, Tensor? attentionMask, Tensor? tokenTypeIds)
    {
        ArgumentNullException.ThrowIfNull(inputIds);
        var shape = inputIds.shape;
        if (shape.Length != 2)
            throw new ArgumentException($"Token ids must be batch x length; the shape is [{string.Join(", ", shape)}].", nameof(inputIds));
        if (shape[1] > MaxLength)
            throw new ArgumentException($"The texts have {shape[1]} tokens, but the model has only {MaxLength} positions; truncate the texts when they are tokenized.", nameof(inputIds));
        CheckShape(attentionMask, shape, nameof(attentionMask));
        CheckShape(tokenTypeIds, shape, nameof(tokenTypeIds));
        HostIds.RequireBelow(inputIds, Config.VocabularySize, "token id", TokenIds, nameof(inputIds));
        if (Config.TypeVocabularySize > 0)
            HostIds.RequireBelow(tokenTypeIds, Config.TypeVocabularySize, "token type", TokenTypes, nameof(tokenTypeIds));
    }

    /// <summary>Checks numbers that are not yet tensors.</summary>
    /// <exception cref="ArgumentException">The model has no such id or type.</exception>
    internal void CheckTokens(ReadOnlySpan<long> ids, ReadOnlySpan<long> types, string parameter)
    {
        HostIds.Require(ids, Config.VocabularySize, "token id", TokenIds, parameter);
        if (Config.TypeVocabularySize > 0)
            HostIds.Require(types, Config.TypeVocabularySize, "token type", TokenTypes, parameter);
    }

    private static void CheckShape(Tensor? tensor, long[] shape, string name)
    {
        if (tensor is not null && !tensor.shape.AsSpan().SequenceEqual(shape))
            throw new ArgumentException($"The shape [{string.Join(", ", tensor.shape)}] differs from that of the token ids, [{string.Join(", ", shape)}].", name);
    }
}
