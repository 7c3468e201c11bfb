using AdaLora.Internals;
using AdaLora.Transformers.Layers;
using AdaLora.Transformers.Loading;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Families.Roberta;

/// <summary>RoBERTa (Liu et al., 2019) or XLM-RoBERTa without a head. Positions are counted over tokens that aren't padding, from the padding id + 1.</summary>
public sealed class RobertaModel : TextEncoder
{
    [ComponentName(Name = "embeddings")]
    private readonly TokenEmbeddings _embeddings;

    [ComponentName(Name = "encoder")]
    private readonly EncoderStack _encoder;

    /// <summary>Creates a model with random weights.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="seed">Seeds the weights; TorchSharp's global generator is used if null.</param>
    /// <exception cref="ArgumentException">The configuration has faults; all are listed.</exception>
    public RobertaModel(RobertaConfig config, long? seed)
        : this(config) => WeightInitializer.Initialize(this, seed);

    internal RobertaModel(RobertaConfig config)
        : base(config?.ArchitecturePrefix + "Model", config!)
    {
        _embeddings = new TokenEmbeddings(config!, config!.HiddenSize, ids => NumberAfterPadding(ids, config.PadId), paddingPosition: config.PadId);
        _encoder = new EncoderStack(config, () => new EncoderLayer<PackedTokens>(new SelfAttention(config), config));
        RegisterComponents();
    }

    internal override string BasePrefix => "roberta";

    private protected override int? MaxLength => Config.MaxPositions - Config.PadId - 1;

    /// <summary>The running count of tokens that aren't padding, above the padding id; padding has the padding id itself. The ids decide, not the mask.</summary>
    internal static Tensor NumberAfterPadding(Tensor inputIds, int padId)
    {
        using var scope = NewDisposeScope();
        var real = inputIds.Ne(padId).to(ScalarType.Int64);
        return (real.cumsum(1) * real).Add(padId).MoveToOuterDisposeScope();
    }

    private protected override Tensor Embed(Tensor inputIds, Tensor? attentionMask, Tensor? tokenTypeIds) => _embeddings.call(inputIds, tokenTypeIds);

    private protected override Tensor Transform(Tensor embedded, PackedTokens rows, List<Tensor>? trace) => _encoder.Encode(embedded, rows, trace);
}
