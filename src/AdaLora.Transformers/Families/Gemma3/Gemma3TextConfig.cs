using System.Text.Json.Nodes;
using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Families.Gemma3;

/// <summary>The configuration of a Gemma 3 model for text.</summary>
public sealed record Gemma3TextConfig : LayeredDecoderConfig
{
    private const string AttentionBiasEntry = "attention_bias";
    private const string ScoreSizeEntry = "query_pre_attn_scalar";
    private const string PatternEntry = "sliding_window_pattern";
    private const string LocalBaseEntry = "rope_local_base_freq";

    private static readonly ConfigNames OwnNames = new()
    {
        HiddenActivation = "hidden_activation",
        HiddenDropout = null,
        AttentionDropout = "attention_dropout",
        LayerNormEps = "rms_norm_eps",
    };

    // One list, so that configurations with the same values are equal.
    private static readonly IReadOnlyList<int> EndOfText = [1];

    /// <summary>Creates a configuration with the defaults of the family.</summary>
    public Gemma3TextConfig()
    {
    }

    internal Gemma3TextConfig(ConfigEntries entries)
        : base(entries)
    {
        AttentionBias = entries.Flag(AttentionBiasEntry, AttentionBias);
        ScoreSize = entries.Number(ScoreSizeEntry, ScoreSize);
        FullLayerEvery = entries.Integer(PatternEntry, entries.Integer("_" + PatternEntry, FullLayerEvery));
        var local = LocalRotary with { Base = entries.Number(LocalBaseEntry, LocalRotary.Base) };
        LocalRotary = entries.Object("rope_parameters")?.Object(SlidingAttention) is { } read ? RotaryParameters.Read(read, local) : local;
    }

    /// <inheritdoc/>
    public override string ModelType => "gemma3_text";

    /// <inheritdoc/>
    public override int VocabularySize { get; init; } = 262208;

    /// <inheritdoc/>
    public override int HiddenSize { get; init; } = 2304;

    /// <inheritdoc/>
    public override int IntermediateSize { get; init; } = 9216;

    /// <inheritdoc/>
    public override int Layers { get; init; } = 26;

    /// <inheritdoc/>
    public override int Heads { get; init; } = 8;

    /// <inheritdoc/>
    public override int? KeyValueHeads { get; init; } = 4;

    /// <inheritdoc/>
    public override int? HeadSize { get; init; } = 256;

    /// <inheritdoc/>
    public override string HiddenActivation { get; init; } = "gelu_pytorch_tanh";

    /// <inheritdoc/>
    public override int MaxPositions { get; init; } = 131072;

    /// <inheritdoc/>
    public override bool TiesWordEmbeddings { get; init; } = true;

    /// <inheritdoc/>
    public override int? SlidingWindow { get; init; } = 4096;

    /// <inheritdoc/>
    public override RotaryParameters Rotary { get; init; } = new() { Base = 1_000_000 };

    /// <summary>The rotary embedding of layers with a window.</summary>
    public RotaryParameters LocalRotary { get; init; } = new();

    /// <inheritdoc/>
    public override int? PadId { get; init; } = 0;

    /// <inheritdoc/>
    public override int? BeginId { get; init; } = 2;

    /// <inheritdoc/>
    public override IReadOnlyList<int> EndIds { get; init; } = EndOfText;

    /// <summary>Whether the projections of attention have biases.</summary>
    public bool AttentionBias { get; init; }

    /// <summary>What scores are divided by the root of.</summary>
    public double ScoreSize { get; init; } = 256;

    /// <summary>Unless <see cref="LayeredDecoderConfig.LayerTypes"/> says otherwise, every layer whose number, counted from 1, is a multiple of this has no window.</summary>
    public int FullLayerEvery { get; init; } = 6;

    private protected override ConfigNames Names => OwnNames;

    private protected override IReadOnlyList<string> Unsupported => [.. base.Unsupported, "attn_logit_softcapping", "final_logit_softcapping", "use_bidirectional_attention"];

    private protected override bool SlidesByRule(int layer) => (layer + 1) % FullLayerEvery != 0;

    private protected override RotaryParameters ReadRotary(ConfigEntries entries)
    {
        var fallback = Rotary with { Base = entries.Number("rope_theta", Rotary.Base) };
        return (entries.Object("rope_scaling") ?? entries.Object("rope_parameters")?.Object(FullAttention)) is { } read ? RotaryParameters.Read(read, fallback) : fallback;
    }

    private protected override void AddRotary(JsonObject json)
    {
        json["rope_parameters"] = new JsonObject { [FullAttention] = Rotary.ToJson(), [SlidingAttention] = LocalRotary.ToJson() };
        json["rope_theta"] = Rotary.Base;
        json[LocalBaseEntry] = LocalRotary.Base;
        if (Rotary.Type != RotaryType.Default)
            json["rope_scaling"] = Rotary.ToJson();
    }

    private protected override void AddEntries(JsonObject json)
    {
        base.AddEntries(json);
        json[AttentionBiasEntry] = AttentionBias;
        json[ScoreSizeEntry] = ScoreSize;
        json[PatternEntry] = FullLayerEvery;
    }

    private protected override void AddFaults(ConfigFaults faults)
    {
        base.AddFaults(faults);
        faults.Require(double.IsFinite(ScoreSize) && ScoreSize > 0, $"{ScoreSizeEntry} {ScoreSize} is not finite and above 0");
        faults.RequirePositive(PatternEntry, FullLayerEvery);
        if (ActualHeadSize > 0)
            LocalRotary.AddFaults(faults, ActualHeadSize);
    }
}
