using System.Text.Json.Nodes;
using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Families.Gpt2;

/// <summary>The configuration of a GPT-2 model, whose config.json has its own names.</summary>
public sealed record Gpt2Config : DecoderConfig
{
    private const string EmbeddingDropoutEntry = "embd_pdrop";

    // One list, so that configurations with the same values are equal.
    private static readonly IReadOnlyList<int> EndOfText = [50256];

    private static readonly ConfigNames OwnNames = new()
    {
        HiddenSize = "n_embd",
        Layers = "n_layer",
        Heads = "n_head",
        MaxPositions = "n_positions",
        HiddenActivation = "activation_function",
        HiddenDropout = "resid_pdrop",
        AttentionDropout = "attn_pdrop",
        LayerNormEps = "layer_norm_epsilon",
    };

    /// <summary>Creates a configuration with the defaults of the family.</summary>
    public Gpt2Config()
    {
    }

    internal Gpt2Config(ConfigEntries entries)
        : base(entries)
    {
        InnerSize = entries.Integer("n_inner", InnerSize);
        EmbeddingDropout = entries.Number(EmbeddingDropoutEntry, EmbeddingDropout);
        ScalesScores = entries.Flag("scale_attn_weights", ScalesScores);
        ScalesScoresByLayer = entries.Flag("scale_attn_by_inverse_layer_idx", ScalesScoresByLayer);
        AttendsInSinglePrecision = entries.Flag("reorder_and_upcast_attn", AttendsInSinglePrecision);
    }

    /// <inheritdoc/>
    public override string ModelType => "gpt2";

    /// <inheritdoc/>
    public override int VocabularySize { get; init; } = 50257;

    /// <inheritdoc/>
    public override string HiddenActivation { get; init; } = "gelu_new";

    /// <inheritdoc/>
    public override double LayerNormEps { get; init; } = 1e-5;

    /// <inheritdoc/>
    public override int MaxPositions { get; init; } = 1024;

    /// <inheritdoc/>
    public override int? BeginId { get; init; } = 50256;

    /// <inheritdoc/>
    public override IReadOnlyList<int> EndIds { get; init; } = EndOfText;

    /// <summary>The inner width of the feed-forward blocks; null means four times <see cref="ModelConfig.HiddenSize"/>.</summary>
    public int? InnerSize { get; init; }

    /// <summary>The dropout probability of the embeddings.</summary>
    public double EmbeddingDropout { get; init; } = 0.1;

    /// <summary>Whether attention scores are divided by the root of a head's size.</summary>
    public bool ScalesScores { get; init; } = true;

    /// <summary>Whether attention scores are also divided by the number of the layer, counted from 1.</summary>
    public bool ScalesScoresByLayer { get; init; }

    /// <summary>Whether attention computes in float32 in a model of half precision.</summary>
    public bool AttendsInSinglePrecision { get; init; }

    internal int IntermediateSize => InnerSize ?? 4 * HiddenSize;

    internal override string WordsName => "wte.weight";

    internal override IReadOnlyList<string> Roots => ["wte.", "wpe.", "h.", "ln_f."];

    internal override string LayersPrefix => "h.";

    // Causal masks.
    internal override IReadOnlyList<string> ConstantEndings => [".attn.bias", ".attn.masked_bias"];

    internal override IReadOnlyDictionary<string, string> OtherNames => new Dictionary<string, string>
    {
        ["hidden_size"] = "n_embd",
        ["max_position_embeddings"] = "n_positions",
        ["num_attention_heads"] = "n_head",
        ["num_hidden_layers"] = "n_layer",
    };

    private protected override ConfigNames Names => OwnNames;

    // Weights that add to the residual stream start smaller, so that the sum over all layers doesn't grow with their number.
    internal override double FirstDeviation(string name) => name.EndsWith("c_proj.weight", StringComparison.Ordinal) ? InitializerRange / Math.Sqrt(2.0 * Layers) : InitializerRange;

    internal override IEnumerable<StoredSize> StoredSizes()
    {
        yield return new StoredSize("vocab_size", VocabularySize, "wte.weight", 0);
        yield return new StoredSize("n_embd", HiddenSize, "wte.weight", 1);
        yield return new StoredSize("n_positions", MaxPositions, "wpe.weight", 0);
        yield return new StoredSize("n_inner", IntermediateSize, "h.0.mlp.c_fc.weight", 1);
    }

    private protected override void AddEntries(JsonObject json)
    {
        base.AddEntries(json);
        if (InnerSize is { } inner)
            json["n_inner"] = inner;
        json[EmbeddingDropoutEntry] = EmbeddingDropout;
        json["scale_attn_weights"] = ScalesScores;
        json["scale_attn_by_inverse_layer_idx"] = ScalesScoresByLayer;
        json["reorder_and_upcast_attn"] = AttendsInSinglePrecision;
    }

    private protected override void AddFaults(ConfigFaults faults)
    {
        base.AddFaults(faults);
        faults.Require(Heads < 1 || HiddenSize % Heads == 0, $"n_embd {HiddenSize} is not a multiple of the {Heads} heads");
        faults.RequirePositive("n_inner", InnerSize ?? 1);
        faults.RequireProbability(EmbeddingDropoutEntry, EmbeddingDropout);
    }
}
