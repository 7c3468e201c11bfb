using AdaLora.Transformers.Layers;
using AdaLora.Transformers.Loading;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Families.DebertaV2;

/// <summary>DeBERTa of version 2 or 3 without a head (He et al., 2021): attention treats content and relative position separately.</summary>
public sealed class DebertaV2Model : TextEncoder
{
    [ComponentName(Name = "embeddings")]
    private readonly TokenEmbeddings _embeddings;

    [ComponentName(Name = "encoder")]
    private readonly DebertaV2Encoder _encoder;

    /// <summary>Creates a model with random weights.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="seed">Seeds the weights; TorchSharp's global generator is used if null.</param>
    /// <exception cref="ArgumentException">The configuration has faults; all are listed.</exception>
    public DebertaV2Model(DebertaV2Config config, long? seed)
        : this(config) => WeightInitializer.Initialize(this, seed);

    internal DebertaV2Model(DebertaV2Config config)
        : base(nameof(DebertaV2Model), config)
    {
        _embeddings = new TokenEmbeddings(config, config.HiddenSize, config.PositionBiasedInput ? TokenEmbeddings.NumberFromZero : null);
        _encoder = new DebertaV2Encoder(config);
        RegisterComponents();
    }

    internal override string BasePrefix => "deberta";

    internal DebertaV2Encoder Layers => _encoder;

    private protected override int? MaxLength => ((DebertaV2Config)Config).PositionBiasedInput ? Config.MaxPositions : null;

    private protected override Tensor Embed(Tensor inputIds, Tensor? attentionMask, Tensor? tokenTypeIds)
    {
        using var scope = NewDisposeScope();
        var embedded = _embeddings.call(inputIds, tokenTypeIds);
        if (attentionMask is not null)
            embedded *= attentionMask.unsqueeze(-1).to(embedded.dtype);
        return embedded.MoveToOuterDisposeScope();
    }

    private protected override Tensor Transform(Tensor embedded, PackedTokens rows, List<Tensor>? trace) => _encoder.Encode(embedded, rows, trace);
}
