using AdaLora.Internals;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Layers;
using AdaLora.Transformers.Loading;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Families.T5;

/// <summary>T5 (Raffel et al., 2020), T5 v1.1 and FLAN-T5.</summary>
internal sealed class T5ForConditionalGeneration : Seq2SeqLM
{
    private const string HeadName = "lm_head";
    private const string HeadWeight = HeadName + ".weight";

    private static readonly AttentionNames Names = new("q", "k", "v", "o");

    [ComponentName(Name = "shared")]
    private readonly Embedding _words;

    [ComponentName(Name = "encoder")]
    private readonly T5Stack<PackedTokens> _encoder;

    [ComponentName(Name = "decoder")]
    private readonly T5Stack<DecoderPass> _decoder;

    [ComponentName(Name = HeadName)]
    private readonly Module<Tensor, Tensor>? _head;

    private readonly double _outputScale;

    public T5ForConditionalGeneration(T5Config config)
        : base(nameof(T5ForConditionalGeneration), config)
    {
        var shape = new AttentionShape(config.HiddenSize, config.Heads, config.AttentionDropout) { InnerSize = config.InnerSize, HasBias = false, ScalesScores = false };
        _words = Unfilled.Embedding(config.VocabularySize, config.HiddenSize);
        _encoder = new T5Stack<PackedTokens>(
            config, config.Layers, isTwoSided: true, _ => new SelfAttention(shape, Names), _ => [new T5FeedForwardLayer<PackedTokens>(config)]);
        _decoder = new T5Stack<DecoderPass>(
            config,
            config.ActualDecoderLayers,
            isTwoSided: false,
            layer => new CausalSelfAttention(shape, Names, layer),
            layer => [new T5AttentionLayer<DecoderPass>(config, "EncDecAttention", new CrossAttention(shape, Names, layer)), new T5FeedForwardLayer<DecoderPass>(config)]);
        _head = config.TiesWordEmbeddings ? null : Unfilled.Linear(config.HiddenSize, config.VocabularySize, hasBias: false);
        _outputScale = config.ScalesOutput ? 1 / Math.Sqrt(config.HiddenSize) : 1;
        RegisterComponents();
    }

    // The parts are the model's own.
    internal override string BasePrefix => "";

    internal override int? MaxLength => null;

    internal override Tensor WordWeight => _words.weight!;

    private protected override IReadOnlyList<string> HeadPrefixes => _head is null ? [] : [HeadName + "."];

    private protected override IReadOnlyList<string> TiedNames => _head is null ? [HeadWeight, .. EmbeddingCopies("")] : EmbeddingCopies("");

    /// <summary>The model for a checkpoint, with the checkpoint's own head if there is one.</summary>
    public static T5ForConditionalGeneration For(T5Config config, CheckpointFolder? checkpoint) =>
        new(config.TiesWordEmbeddings && checkpoint?.HoldsOther(HeadWeight, config.WordsName) == true ? config with { TiesWordEmbeddings = false } : config);

    internal override IReadOnlyList<string> OtherNames(string name) => name == "shared.weight" ? EmbeddingCopies("") : [];

    private protected override EncodedTexts ReadTexts(Tensor ids, Tensor? mask, bool keeps, Action<Tensor>? trace)
    {
        var embedded = _encoder.Embed(_words.call(ids));
        var rows = PackedTokens.OfReal(embedded, mask);
        var states = _encoder.Run(
            rows.FromTexts(embedded), rows.WithBias(_encoder.Biases(0, ids.shape[1], ids.device)), trace is null ? null : states => trace(rows.ToTexts(states)));
        return new EncodedTexts(states, rows, keeps);
    }

    private protected override Tensor Write(Tensor ids, DecoderPass pass, Action<Tensor>? trace)
    {
        using var scope = NewDisposeScope();
        return _decoder.Run(_decoder.Embed(_words.call(ids)), pass, trace).MoveToOuterDisposeScope();
    }

    private protected override Tensor? BiasesOfWriting(long past, long length, Device device) => _decoder.Biases(past, length, device);

    private protected override WordMatrix? Matrix => WordMatrix.Of(_head, _words.weight!) is { } matrix ? matrix with { Scale = _outputScale } : null;

    internal override Tensor Score(Tensor hidden)
    {
        var scaled = _outputScale == 1 ? hidden : hidden.Mul(_outputScale);
        return _head is null ? Projection.Apply(scaled, _words.weight!) : Projection.Apply(_head, scaled);
    }
}
