using AdaLora.Transformers.Layers;
using AdaLora.Transformers.Loading;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Families.Electra;

/// <summary>ELECTRA without a head (Clark et al., 2020): BERT's layers over embeddings that may be narrower than the hidden states.</summary>
public sealed class ElectraModel : TextEncoder
{
    [ComponentName(Name = "embeddings")]
    private readonly TokenEmbeddings _embeddings;

    [ComponentName(Name = "embeddings_project")]
    private readonly Module<Tensor, Tensor>? _project;

    [ComponentName(Name = "encoder")]
    private readonly EncoderStack _encoder;

    /// <summary>Creates a model with random weights.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="seed">Seeds the weights; TorchSharp's global generator is used if null.</param>
    /// <exception cref="ArgumentException">The configuration has faults; all are listed.</exception>
    public ElectraModel(ElectraConfig config, long? seed)
        : this(config) => WeightInitializer.Initialize(this, seed);

    internal ElectraModel(ElectraConfig config)
        : base(nameof(ElectraModel), config)
    {
        _embeddings = new TokenEmbeddings(config, config.EmbeddingSize, TokenEmbeddings.NumberFromZero);
        _project = config.EmbeddingSize == config.HiddenSize ? null : Unfilled.Linear(config.EmbeddingSize, config.HiddenSize);
        _encoder = new EncoderStack(config, () => new EncoderLayer<PackedTokens>(new SelfAttention(config), config));
        RegisterComponents();
    }

    internal override string BasePrefix => "electra";

    private protected override Tensor Embed(Tensor inputIds, Tensor? attentionMask, Tensor? tokenTypeIds)
    {
        using var scope = NewDisposeScope();
        var embedded = _embeddings.call(inputIds, tokenTypeIds);
        return (_project is null ? embedded : _project.call(embedded)).MoveToOuterDisposeScope();
    }

    private protected override Tensor Transform(Tensor embedded, PackedTokens rows, List<Tensor>? trace) => _encoder.Encode(embedded, rows, trace);
}
