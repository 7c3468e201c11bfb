using AdaLora.Transformers.Layers;
using AdaLora.Transformers.Loading;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Families.Bert;

/// <summary>BERT without a head (Devlin et al., 2019).</summary>
public sealed class BertModel : TextEncoder
{
    [ComponentName(Name = "embeddings")]
    private readonly TokenEmbeddings _embeddings;

    [ComponentName(Name = "encoder")]
    private readonly EncoderStack _encoder;

    [ComponentName(Name = "pooler")]
    private readonly Module<Tensor, Tensor>? _pooler;

    /// <summary>Creates a model with random weights.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="seed">Seeds the weights; TorchSharp's global generator is used if null.</param>
    /// <exception cref="ArgumentException">The configuration has faults; all are listed.</exception>
    public BertModel(BertConfig config, long? seed)
        : this(config) => WeightInitializer.Initialize(this, seed);

    internal BertModel(BertConfig config, bool withPooler = true)
        : base(nameof(BertModel), config)
    {
        _embeddings = new TokenEmbeddings(config, config.HiddenSize, TokenEmbeddings.NumberFromZero);
        _encoder = new EncoderStack(config, () => new EncoderLayer<PackedTokens>(new SelfAttention(config), config));
        _pooler = withPooler ? new ActivatedDense(config.HiddenSize, config.HiddenSize, "tanh") : null;
        RegisterComponents();
    }

    internal override string BasePrefix => "bert";

    internal Tensor WordWeight => _embeddings.WordWeight;

    private protected override IReadOnlyList<string> OptionalPrefixes => ["pooler."];

    /// <summary>Summarises each text in one vector: the first token's state after a dense layer and tanh.</summary>
    /// <param name="hidden">Last hidden states, batch x length x hidden size.</param>
    /// <returns>Batch x hidden size.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="hidden"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The model belongs to a head that needs no pooler and has none.</exception>
    public Tensor Pool(Tensor hidden)
    {
        ArgumentNullException.ThrowIfNull(hidden);
        using var scope = NewDisposeScope();
        return PoolFirsts(hidden.select(1, 0)).MoveToOuterDisposeScope();
    }

    /// <param name="firsts">Last states of first tokens, batch x hidden size.</param>
    internal Tensor PoolFirsts(Tensor firsts) => (_pooler ?? throw new InvalidOperationException("This model has no pooler.")).call(firsts);

    private protected override Tensor Embed(Tensor inputIds, Tensor? attentionMask, Tensor? tokenTypeIds) => _embeddings.call(inputIds, tokenTypeIds);

    private protected override Tensor Transform(Tensor embedded, PackedTokens rows, List<Tensor>? trace) => _encoder.Encode(embedded, rows, trace);
}
