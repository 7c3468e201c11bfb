using AdaLora.Internals;
using AdaLora.Transformers.Layers;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Families.Bart;

/// <summary>BART below its head: one matrix of word embeddings and the two stacks.</summary>
internal sealed class BartModel : Module
{
    private static readonly AttentionNames Names = new("q_proj", "k_proj", "v_proj", "out_proj");

    [ComponentName(Name = "shared")]
    private readonly Embedding _words;

    [ComponentName(Name = "encoder")]
    private readonly BartStack<PackedTokens> _encoder;

    [ComponentName(Name = "decoder")]
    private readonly BartStack<DecoderPass> _decoder;

    private readonly double _wordScale;

    public BartModel(BartConfig config)
        : base(nameof(BartModel))
    {
        _words = Unfilled.Embedding(config.VocabularySize, config.HiddenSize, padding_idx: config.PadId);
        var shape = new AttentionShape(config.HiddenSize, config.Heads, config.AttentionDropout);
        var decoderShape = shape with { Heads = config.ActualDecoderHeads };
        _encoder = new BartStack<PackedTokens>(config, config.Layers, _ => new BartLayer<PackedTokens>(config, config.IntermediateSize, new SelfAttention(shape, Names)));
        _decoder = new BartStack<DecoderPass>(config, config.ActualDecoderLayers, layer => new BartLayer<DecoderPass>(
            config, config.ActualDecoderIntermediateSize, new CausalSelfAttention(decoderShape, Names, layer), new CrossAttention(decoderShape, Names, layer)));
        _wordScale = config.ScalesEmbeddings ? Math.Sqrt(config.HiddenSize) : 1;
        RegisterComponents();
    }

    public Tensor WordWeight => _words.weight!;

    /// <summary>Reads texts; see <see cref="EncodedTexts"/> about scopes.</summary>
    /// <param name="ids">Token ids, batch x length.</param>
    /// <param name="mask">1 for real tokens and 0 for padding, or null.</param>
    /// <param name="keeps">Whether what the decoder's layers make of the states is kept.</param>
    /// <param name="trace">Receives the states of each layer, batch x length x hidden size, or null.</param>
    public EncodedTexts Encode(Tensor ids, Tensor? mask, bool keeps, Action<Tensor>? trace)
    {
        var embedded = _encoder.Embed(Words(ids), HeldScalars.Arange(ids.shape[1], ids.device).unsqueeze(0));
        var rows = PackedTokens.OfReal(embedded, mask);
        return new EncodedTexts(_encoder.Run(rows.FromTexts(embedded), rows, trace is null ? null : states => trace(rows.ToTexts(states))), rows, keeps);
    }

    /// <summary>Runs the decoder over its own tokens and the source of a pass.</summary>
    public Tensor Decode(Tensor ids, DecoderPass pass, Action<Tensor>? trace)
    {
        using var scope = NewDisposeScope();
        return _decoder.Run(_decoder.Embed(Words(ids), pass.Positions), pass, trace).MoveToOuterDisposeScope();
    }

    private Tensor Words(Tensor ids) => _wordScale == 1 ? _words.call(ids) : _words.call(ids).Mul(_wordScale);
}
