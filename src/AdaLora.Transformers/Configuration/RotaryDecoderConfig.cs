using System.Text.Json.Nodes;

namespace AdaLora.Transformers.Configuration;

/// <summary>What the config.json of every decoder with rotary positions, RMS norms, gated feed-forward blocks and grouped heads says: Llama and its relatives.</summary>
public abstract record RotaryDecoderConfig : DecoderConfig
{
    private const string KeyValueHeadsEntry = "num_key_value_heads";
    private const string HeadSizeEntry = "head_dim";

    private static readonly ConfigNames OwnNames = new() { HiddenDropout = null, AttentionDropout = "attention_dropout", LayerNormEps = "rms_norm_eps" };

    /// <summary>Creates a configuration with the defaults of its family.</summary>
    protected RotaryDecoderConfig()
    {
    }

    private protected RotaryDecoderConfig(ConfigEntries entries)
        : base(entries)
    {
        IntermediateSize = entries.Integer(Names.IntermediateSize, IntermediateSize);
        KeyValueHeads = entries.Integer(KeyValueHeadsEntry, KeyValueHeads);
        HeadSize = entries.Integer(HeadSizeEntry, HeadSize);
        Rotary = ReadRotary(entries);
    }

    /// <inheritdoc/>
    public override int VocabularySize { get; init; } = 32000;

    /// <inheritdoc/>
    public override int HiddenSize { get; init; } = 4096;

    /// <inheritdoc/>
    public override int Layers { get; init; } = 32;

    /// <inheritdoc/>
    public override int Heads { get; init; } = 32;

    /// <inheritdoc/>
    public override string HiddenActivation { get; init; } = "silu";

    /// <inheritdoc/>
    public override double HiddenDropout { get; init; }

    /// <inheritdoc/>
    public override double AttentionDropout { get; init; }

    /// <inheritdoc/>
    public override double LayerNormEps { get; init; } = 1e-6;

    /// <inheritdoc/>
    public override bool TiesWordEmbeddings { get; init; }

    /// <summary>The inner width of the feed-forward blocks.</summary>
    public virtual int IntermediateSize { get; init; } = 11008;

    /// <summary>The number of heads of keys and values, each of which serves several heads of queries; null means as many as <see cref="ModelConfig.Heads"/>.</summary>
    public virtual int? KeyValueHeads { get; init; }

    /// <summary>The size of a head; null means <see cref="ModelConfig.HiddenSize"/> / <see cref="ModelConfig.Heads"/>.</summary>
    public virtual int? HeadSize { get; init; }

    /// <summary>The rotary embedding of positions.</summary>
    public virtual RotaryParameters Rotary { get; init; } = new();

    internal int ActualKeyValueHeads => KeyValueHeads ?? Heads;

    internal int ActualHeadSize => HeadSize ?? (Heads < 1 ? 0 : HiddenSize / Heads);

    internal override string WordsName => "embed_tokens.weight";

    internal override IReadOnlyList<string> Roots => ["embed_tokens.", "layers.", "norm."];

    internal override string LayersPrefix => "layers.";

    // Computed from the configuration.
    internal override IReadOnlyList<string> ConstantEndings => [".rotary_emb.inv_freq"];

    private protected override ConfigNames Names => OwnNames;

    internal override IEnumerable<StoredSize> StoredSizes()
    {
        yield return new StoredSize("vocab_size", VocabularySize, "embed_tokens.weight", 0);
        yield return new StoredSize("hidden_size", HiddenSize, "embed_tokens.weight", 1);
        yield return new StoredSize("intermediate_size", IntermediateSize, "layers.0.mlp.down_proj.weight", 1);
        yield return new StoredSize("num_attention_heads x head_dim", (long)Heads * ActualHeadSize, "layers.0.self_attn.o_proj.weight", 1);
    }

    /// <summary>The rotary embedding as the newer entry of config.json, or as the older two.</summary>
    private protected virtual RotaryParameters ReadRotary(ConfigEntries entries)
    {
        var fallback = Rotary with { Base = entries.Number("rope_theta", Rotary.Base), RotatedPart = entries.Number("partial_rotary_factor", Rotary.RotatedPart) };
        // As in the reference, the older entry decides where both stand.
        var (older, newer) = (entries.Object("rope_scaling"), entries.Object("rope_parameters"));
        return (older ?? newer) is { } read ? RotaryParameters.Read(read, fallback, RotaryTypeOf) : fallback;
    }

    /// <summary>The type that a name in config.json means, or null.</summary>
    private protected virtual RotaryType? RotaryTypeOf(string name) => RotaryParameters.TypeOf(name);

    private protected override void AddEntries(JsonObject json)
    {
        base.AddEntries(json);
        json[Names.IntermediateSize] = IntermediateSize;
        json[KeyValueHeadsEntry] = ActualKeyValueHeads;
        json[HeadSizeEntry] = ActualHeadSize;
        AddRotary(json);
    }

    /// <summary>Writes the rotary embedding under its newer and its older names: versions of the reference before the fifth read only those.</summary>
    private protected virtual void AddRotary(JsonObject json)
    {
        json["rope_parameters"] = Rotary.ToJson();
        json["rope_theta"] = Rotary.Base;
        if (Rotary.RotatedPart != 1)
            json["partial_rotary_factor"] = Rotary.RotatedPart;
        if (Rotary.Type != RotaryType.Default)
            json["rope_scaling"] = Rotary.ToJson();
    }

    private protected override void AddFaults(ConfigFaults faults)
    {
        base.AddFaults(faults);
        faults.RequirePositive("intermediate_size", IntermediateSize);
        faults.RequirePositive(KeyValueHeadsEntry, ActualKeyValueHeads);
        faults.RequirePositive(HeadSizeEntry, ActualHeadSize);
        faults.Require(HeadSize is not null || Heads < 1 || HiddenSize % Heads == 0, $"hidden_size {HiddenSize} is not a multiple of the {Heads} heads, and head_dim is missing");
        faults.Require(ActualKeyValueHeads < 1 || Heads % ActualKeyValueHeads == 0, $"the {Heads} heads are not a multiple of the {ActualKeyValueHeads} key and value heads");
        if (ActualHeadSize > 0)
            Rotary.AddFaults(faults, ActualHeadSize);
    }
}
