using System.Text.Json.Nodes;
using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Families.T5;

/// <summary>The configuration of a T5, T5 v1.1 or FLAN-T5 model.</summary>
public sealed record T5Config : EncoderDecoderConfig
{
    private const string HeadSizeEntry = "d_kv";
    private const string BucketsEntry = "relative_attention_num_buckets";
    private const string DistanceEntry = "relative_attention_max_distance";
    private const string FeedForwardEntry = "feed_forward_proj";
    private const string ActivationEntry = "dense_act_fn";
    private const string GateEntry = "is_gated_act";
    private const string ScaleEntry = "scale_decoder_outputs";
    private const string TanhGelu = "gelu_new";

    // One list, so that configurations with the same values are equal.
    private static readonly IReadOnlyList<int> End = [1];

    private static readonly ConfigNames OwnNames = new()
    {
        HiddenSize = "d_model",
        Layers = "num_layers",
        Heads = "num_heads",
        IntermediateSize = "d_ff",
        HiddenActivation = ActivationEntry,
        HiddenDropout = "dropout_rate",
        AttentionDropout = null,
        InitializerRange = "initializer_factor",
        LayerNormEps = "layer_norm_epsilon",
        MaxPositions = null,
    };

    /// <summary>Creates a configuration with the defaults of the family: those of T5-small.</summary>
    public T5Config()
    {
    }

    internal T5Config(ConfigEntries entries)
        : base(entries)
    {
        IntermediateSize = entries.Integer(Names.IntermediateSize, IntermediateSize);
        DecoderLayers = entries.Integer(DecoderLayersEntry, DecoderLayers);
        HeadSize = entries.Integer(HeadSizeEntry, HeadSize);
        Buckets = entries.Integer(BucketsEntry, Buckets);
        MaxDistance = entries.Integer(DistanceEntry, MaxDistance);
        var isGated = entries.Flag(GateEntry, false);
        (HiddenActivation, IsGated) = entries.OptionalText(FeedForwardEntry) is { } projection ? ReadProjection(entries, projection, isGated) : (HiddenActivation, isGated);
        ScalesOutput = entries.Flag(ScaleEntry, TiesWordEmbeddings);
    }

    /// <inheritdoc/>
    public override string ModelType => "t5";

    /// <inheritdoc/>
    public override int VocabularySize { get; init; } = 32128;

    /// <inheritdoc/>
    public override int HiddenSize { get; init; } = 512;

    /// <inheritdoc/>
    public override int Layers { get; init; } = 6;

    /// <inheritdoc/>
    public override int Heads { get; init; } = 8;

    /// <summary>The activation of the feed-forward blocks: relu, or gelu_new and silu with a gate, for example.</summary>
    public override string HiddenActivation { get; init; } = "relu";

    /// <summary>The dropout probability of attention weights, which is that of everything else.</summary>
    public override double AttentionDropout
    {
        get => HiddenDropout;
        init => HiddenDropout = value;
    }

    /// <inheritdoc/>
    public override double LayerNormEps { get; init; } = 1e-6;

    /// <summary>What the standard deviations of newly initialised weights are multiplied by; they follow from the sizes of the layers.</summary>
    public override double InitializerRange { get; init; } = 1;

    /// <inheritdoc/>
    public override IReadOnlyList<int> EndIds { get; init; } = End;

    /// <inheritdoc/>
    public override int? PadId { get; init; } = 0;

    /// <summary>The size of a head.</summary>
    public int HeadSize { get; init; } = 64;

    /// <summary>The number of classes of distances between tokens, each of which has a bias for every head.</summary>
    public int Buckets { get; init; } = 32;

    /// <summary>The distance from which on all distances are one class.</summary>
    public int MaxDistance { get; init; } = 128;

    /// <summary>Whether feed-forward blocks have a gate, as in v1.1 and FLAN-T5.</summary>
    public bool IsGated { get; init; }

    /// <summary>Whether the decoder's states are divided by the root of the hidden size before words are scored, as in the first version.</summary>
    public bool ScalesOutput { get; init; } = true;

    internal long InnerSize => (long)Heads * HeadSize;

    internal override string LayersPrefix => "encoder.block.";

    internal override string DecoderLayersPrefix => "decoder.block.";

    private protected override string DecoderLayersEntry => "num_decoder_layers";

    internal override IReadOnlyDictionary<string, string> OtherNames => new Dictionary<string, string>
    {
        ["hidden_size"] = "d_model",
        ["num_attention_heads"] = "num_heads",
        ["num_hidden_layers"] = "num_layers",
        ["head_dim"] = HeadSizeEntry,
    };

    // Early checkpoints hold a table of the cross-attention that was never used.
    internal override IReadOnlyList<string> ConstantEndings => [".EncDecAttention.relative_attention_bias.weight"];

    private protected override ConfigNames Names => OwnNames;

    // Queries start smaller instead of scores being divided by the root of the head size.
    internal override double FirstDeviation(string name) => InitializerRange * (name.Split('.')[^2] switch
    {
        "q" => 1 / Math.Sqrt((double)HiddenSize * HeadSize),
        "o" => 1 / Math.Sqrt(InnerSize),
        "wo" => 1 / Math.Sqrt(IntermediateSize),
        "shared" or "lm_head" => 1,
        _ => 1 / Math.Sqrt(HiddenSize),
    });

    internal override IEnumerable<StoredSize> StoredSizes()
    {
        IReadOnlyList<string> others = ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight"];
        yield return new StoredSize("vocab_size", VocabularySize, WordsName, 0) { OtherTensors = others };
        yield return new StoredSize("d_model", HiddenSize, WordsName, 1) { OtherTensors = others };
        yield return new StoredSize("num_heads x d_kv", InnerSize, $"{LayersPrefix}0.layer.0.SelfAttention.q.weight", 0);
        yield return new StoredSize("d_ff", IntermediateSize, $"{LayersPrefix}0.layer.1.DenseReluDense.wo.weight", 1);
        yield return new StoredSize(BucketsEntry, Buckets, $"{LayersPrefix}0.layer.0.SelfAttention.relative_attention_bias.weight", 0);
    }

    private protected override void AddEntries(JsonObject json)
    {
        base.AddEntries(json);
        json[HeadSizeEntry] = HeadSize;
        json[BucketsEntry] = Buckets;
        json[DistanceEntry] = MaxDistance;
        json[FeedForwardEntry] = IsGated ? $"gated-{(HiddenActivation == TanhGelu ? "gelu" : HiddenActivation)}" : HiddenActivation;
        json[GateEntry] = IsGated;
        json[ScaleEntry] = ScalesOutput;
    }

    private protected override void AddFaults(ConfigFaults faults)
    {
        base.AddFaults(faults);
        faults.RequirePositive(HeadSizeEntry, HeadSize);
        faults.Require(Buckets >= 4 && Buckets % 2 == 0, $"{BucketsEntry} is {Buckets}; it must be even and at least 4");
        faults.Require(MaxDistance > Buckets / 2, $"{DistanceEntry} is {MaxDistance}; it must be above half the {Buckets} buckets");
        faults.Require(!IsGated || HiddenActivation != "gelu", $"{ActivationEntry} is gelu with a gate, which the reference reads as {TanhGelu}: set that");
    }

    // "gated-gelu" means the approximation by tanh, "gelu" alone the exact function.
    private static (string Activation, bool IsGated) ReadProjection(ConfigEntries entries, string projection, bool isGated)
    {
        var parts = projection.Split('-');
        var hasGate = parts is ["gated", _];
        var activation = projection == "gated-gelu" ? TanhGelu : parts[^1];
        entries.Require(parts.Length == 1 || hasGate, $"{FeedForwardEntry} is '{projection}'; it must be the name of an activation, with or without 'gated-' before it");
        entries.Require(entries.Flag(GateEntry, hasGate) == hasGate, $"{FeedForwardEntry} is '{projection}', but {GateEntry} is {isGated}");
        entries.Require(entries.Text(ActivationEntry, activation) == activation, $"{FeedForwardEntry} is '{projection}', but {ActivationEntry} is '{entries.Text(ActivationEntry, activation)}'");
        return (activation, hasGate);
    }
}
