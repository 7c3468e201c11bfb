using System.Text.Json.Nodes;
using AdaLora.Internals;
using AdaLora.Targeting;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Layers;
using AdaLora.Transformers.Loading;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Heads;

/// <summary>A model that reads a text with an encoder and scores every word of the vocabulary as the next one of another text, which its decoder writes. Takes token ids, attention mask and the
/// decoder's token ids.</summary>
public abstract class Seq2SeqLM : PretrainedModel, ISuggestsTargets
{
    /// <summary>The label of places that don't count in the loss.</summary>
    public const long IgnoredLabel = Losses.IgnoredLabel;

    private const string TokenIds = "token ids (do tokenizer and model come from the same checkpoint?)";

    private GenerationOptions _generation;

    private protected Seq2SeqLM(string name, EncoderDecoderConfig config)
        : base(name, config) => (Config, _generation) = (config, config.Generation);

    /// <summary>The configuration the model was made from.</summary>
    public EncoderDecoderConfig Config { get; private set; }

    /// <summary>How text is generated unless a generator is told otherwise: what generation_config.json of the checkpoint says, or else config.json; it is saved again.</summary>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    public GenerationOptions Generation
    {
        get => _generation;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            _generation = value;
        }
    }

    internal sealed override IReadOnlyList<string> VocabularyEndings => [Config.WordsName, "lm_head.weight", "final_logits_bias"];

    internal sealed override void TakeVocabulary(int rows) => BaseConfig = Config = Config with { VocabularySize = rows };

    /// <summary>All linear layers of both stacks, and not the head.</summary>
    public TargetModules SuggestedTargets => TargetModules.Globs([.. StackNames.Select(stack => $"{stack}.**")]);

    /// <summary>The greatest length of either text in tokens, or null if there is none.</summary>
    internal abstract int? MaxLength { get; }

    /// <summary>The matrix of word embeddings.</summary>
    internal abstract Tensor WordWeight { get; }

    private protected override IReadOnlyDictionary<string, JsonObject> FilesBeside =>
        new Dictionary<string, JsonObject> { [GenerationConfigFile.Name] = GenerationConfigFile.Write(Generation, Config) };

    /// <summary>Scores every word of the vocabulary as the one that follows each place of the decoder's texts.</summary>
    /// <param name="inputIds">Token ids of the texts that are read, int64, batch x length.</param>
    /// <param name="attentionMask">1 for real tokens of these and 0 for padding, batch x length; null if there is no padding.</param>
    /// <param name="decoderInputIds">Token ids of the texts that are written, beginning with <see cref="EncoderDecoderConfig.DecoderStartId"/> and padded on the right, int64, batch x length.</param>
    /// <returns>Logits, batch x length of the decoder's texts x vocabulary size. Those of padding mean nothing.</returns>
    /// <exception cref="ArgumentNullException">Token ids are null.</exception>
    /// <exception cref="ArgumentException">A shape is wrong, the texts are longer than the model's positions, or, in the host's memory, an id is beyond the vocabulary.</exception>
    public sealed override Tensor forward(Tensor inputIds, Tensor? attentionMask, Tensor? decoderInputIds)
    {
        ArgumentNullException.ThrowIfNull(decoderInputIds);
        using var scope = NewDisposeScope();
        using var source = Encode(inputIds, attentionMask);
        return Score(Decode(decoderInputIds, source)).MoveToOuterDisposeScope();
    }

    /// <summary>The loss of a batch: the mean cross-entropy of each token that counts, given the text that is read and the tokens before it. Logits are computed only where they count.</summary>
    /// <param name="inputIds">Token ids of the texts that are read, int64, batch x length.</param>
    /// <param name="attentionMask">1 for real tokens of these and 0 for padding, batch x length; null if there is no padding.</param>
    /// <param name="labels">Token ids of the texts to write, without the token that the decoder begins with, and <see cref="IgnoredLabel"/> where a token doesn't count, padding for example;
    /// int64, batch x length.</param>
    /// <param name="labelSmoothing">The part of the probability that is spread over the whole vocabulary, at least 0 and below 1.</param>
    /// <returns>A scalar; NaN if no token counts.</returns>
    /// <exception cref="ArgumentNullException">Token ids or labels are null.</exception>
    /// <exception cref="ArgumentException">A shape is wrong, the texts are longer than the model's positions, or, in the host's memory, an id or label is beyond the vocabulary.</exception>
    public Tensor Loss(Tensor inputIds, Tensor? attentionMask, Tensor labels, double labelSmoothing = 0)
    {
        ArgumentNullException.ThrowIfNull(labels);
        if (!(labelSmoothing is >= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(labelSmoothing), labelSmoothing, "It must be at least 0 and below 1.");
        RequireTexts(labels, nameof(labels));
        HostIds.RequireBelow(labels, Config.VocabularySize, "label", "words", nameof(labels), IgnoredLabel);
        using var scope = NewDisposeScope();
        using var source = Encode(inputIds, attentionMask);
        var scores = new WordScores(Score, Config.VocabularySize, training) { Matrix = Matrix, Smoothing = labelSmoothing };
        return Losses.OverWords(Decode(MovedRight(labels), source), labels, scores).MoveToOuterDisposeScope();
    }

    /// <summary>The texts that the decoder is given for labels: the labels behind the token that it begins with, without the last of them.</summary>
    internal Tensor MovedRight(Tensor labels)
    {
        using var scope = NewDisposeScope();
        var start = zeros_like(labels.narrow(1, 0, 1)).Add((long)Config.DecoderStartId);
        var before = labels.narrow(1, 0, labels.shape[1] - 1);
        return cat([start, before.MaskedFill(before.Eq(IgnoredLabel), Config.PadId!.Value)], 1).MoveToOuterDisposeScope();
    }

    /// <summary>Reads texts; see <see cref="EncodedTexts"/> about scopes.</summary>
    /// <param name="inputIds">Token ids, int64, batch x length.</param>
    /// <param name="attentionMask">1 for real tokens and 0 for padding, batch x length; null if there is no padding.</param>
    /// <param name="keeps">Whether what the decoder's layers make of the texts is kept, to decode step by step.</param>
    /// <param name="trace">Receives what goes into the first layer and what comes out of each, as tensors that belong to no scope; null if not needed.</param>
    internal EncodedTexts Encode(Tensor inputIds, Tensor? attentionMask, bool keeps = false, List<Tensor>? trace = null)
    {
        RequireTexts(inputIds, nameof(inputIds));
        if (attentionMask is not null && !attentionMask.shape.AsSpan().SequenceEqual(inputIds.shape))
            throw new ArgumentException($"The shape is [{string.Join(", ", attentionMask.shape)}]; it must be that of the token ids, [{string.Join(", ", inputIds.shape)}].", nameof(attentionMask));
        RequireKnown(inputIds, nameof(inputIds));
        return ReadTexts(inputIds, attentionMask, keeps, Keeping(trace));
    }

    /// <summary>Decodes tokens, which continue those of a cache if there is one, and adds them to it.</summary>
    /// <param name="ids">Token ids, int64, batch x length.</param>
    /// <param name="source">What is read.</param>
    /// <param name="cache">The keys and values of the preceding tokens, or null.</param>
    /// <param name="trace">As above.</param>
    /// <returns>The last hidden states.</returns>
    internal Tensor Decode(Tensor ids, EncodedTexts source, KeyValueCache? cache = null, List<Tensor>? trace = null)
    {
        var past = cache?.Length ?? 0;
        RequireTexts(ids, nameof(ids), past);
        RequireKnown(ids, nameof(ids));
        using var scope = NewDisposeScope();
        // Libtorch's CPU kernels do not support dropout; see MultiHeadAttention.
        using var pass = new DecoderPass(ids, null, null, cache, WordWeight.dtype, needsMask: training && Config.AttentionDropout > 0)
        {
            Source = source,
            Bias = BiasesOfWriting(past, ids.shape[1], ids.device)?.DetachFromDisposeScope(),
        };
        var last = Write(ids, pass, Keeping(trace));
        cache?.Advance(ids.shape[1]);
        return last.MoveToOuterDisposeScope();
    }

    /// <summary>Scores the words that follow the last token of each row, as <see cref="Decode"/> takes them.</summary>
    /// <returns>Logits, batch x vocabulary size, in single precision.</returns>
    internal Tensor ScoreNext(Tensor ids, EncodedTexts source, KeyValueCache cache)
    {
        using var scope = NewDisposeScope();
        var hidden = Decode(ids, source, cache);
        return Score(hidden.select(1, hidden.shape[1] - 1)).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    // There are no types.
    internal sealed override void CheckRange(ReadOnlySpan<long> ids, ReadOnlySpan<long> types, string parameter) => HostIds.Require(ids, Config.VocabularySize, "token id", TokenIds, parameter);

    internal override double FirstDeviation(string name) => Config.FirstDeviation(name);

    /// <summary>The head: states in, scores of all words out.</summary>
    internal abstract Tensor Score(Tensor hidden);

    /// <summary>The head as a product, or null if it is more than that.</summary>
    private protected abstract WordMatrix? Matrix { get; }

    /// <summary>Runs the encoder.</summary>
    private protected abstract EncodedTexts ReadTexts(Tensor ids, Tensor? mask, bool keeps, Action<Tensor>? trace);

    /// <summary>Runs the decoder.</summary>
    private protected abstract Tensor Write(Tensor ids, DecoderPass pass, Action<Tensor>? trace);

    /// <summary>What the decoder's self-attention adds to its scores, 1 x heads x new tokens x all tokens, or null.</summary>
    private protected virtual Tensor? BiasesOfWriting(long past, long length, Device device) => null;

    /// <summary>The names under which older checkpoints hold the word embeddings again.</summary>
    private protected static IReadOnlyList<string> EmbeddingCopies(string prefix) => [$"{prefix}encoder.embed_tokens.weight", $"{prefix}decoder.embed_tokens.weight"];

    private static Action<Tensor>? Keeping(List<Tensor>? trace) => trace is null ? null : states => trace.Add(states.alias().DetachFromDisposeScope());

    private void RequireKnown(Tensor ids, string parameter) => HostIds.RequireBelow(ids, Config.VocabularySize, "token id", TokenIds, parameter);

    private void RequireTexts(Tensor ids, string parameter, long past = 0)
    {
        ArgumentNullException.ThrowIfNull(ids, parameter);
        if (ids.shape.Length != 2 || ids.shape[1] == 0)
            throw new ArgumentException($"Token ids must be batch x length; the shape is [{string.Join(", ", ids.shape)}].", parameter);
        if (past + ids.shape[1] > MaxLength)
            throw new ArgumentException($"The texts have {past + ids.shape[1]} tokens, but the model has only {MaxLength} positions; truncate the texts when they are tokenized.", parameter);
    }
}
