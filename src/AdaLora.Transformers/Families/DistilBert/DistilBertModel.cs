using AdaLora.Transformers.Layers;
using AdaLora.Transformers.Loading;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Families.DistilBert;

/// <summary>DistilBERT without a head (Sanh et al., 2019). Token types are ignored.</summary>
public sealed class DistilBertModel : TextEncoder
{
    [ComponentName(Name = "embeddings")]
    private readonly TokenEmbeddings _embeddings;

    [ComponentName(Name = "transformer")]
    private readonly EncoderStack _encoder;

    /// <summary>Creates a model with random weights.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="seed">Seeds the weights; TorchSharp's global generator is used if null.</param>
    /// <exception cref="ArgumentException">The configuration has faults; all are listed.</exception>
    public DistilBertModel(DistilBertConfig config, long? seed)
        : this(config) => WeightInitializer.Initialize(this, seed);

    internal DistilBertModel(DistilBertConfig config)
        : base(nameof(DistilBertModel), config)
    {
        _embeddings = new TokenEmbeddings(config, config.HiddenSize, TokenEmbeddings.NumberFromZero);
        _encoder = new EncoderStack(config, () => new DistilBertLayer(config));
        RegisterComponents();
    }

    internal override string BasePrefix => "distilbert";

    private protected override Tensor Embed(Tensor inputIds, Tensor? attentionMask, Tensor? tokenTypeIds) => _embeddings.call(inputIds, null);

    private protected override Tensor Transform(Tensor embedded, PackedTokens rows, List<Tensor>? trace) => _encoder.Encode(embedded, rows, trace);
}
