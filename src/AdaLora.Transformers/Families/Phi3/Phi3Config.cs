using System.Text.Json.Nodes;
using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Families.Phi3;

/// <summary>The configuration of a Phi-3 or Phi-3.5 model.</summary>
public sealed record Phi3Config : WindowedDecoderConfig
{
    private const string OriginalEntry = "original_max_position_embeddings";
    private const string EmbeddingDropoutEntry = "embd_pdrop";

    private static readonly ConfigNames OwnNames = new() { HiddenDropout = "resid_pdrop", AttentionDropout = "attention_dropout", LayerNormEps = "rms_norm_eps" };

    // One list, so that configurations with the same values are equal.
    private static readonly IReadOnlyList<int> EndOfText = [32000];

    /// <summary>Creates a configuration with the defaults of the family.</summary>
    public Phi3Config()
    {
    }

    internal Phi3Config(ConfigEntries entries)
        : base(entries)
    {
        EmbeddingDropout = entries.Number(EmbeddingDropoutEntry, EmbeddingDropout);
        // As in the reference, this entry decides where both stand.
        Rotary = Rotary with { OriginalMaxPositions = entries.Integer(OriginalEntry, Rotary.OriginalMaxPositions ?? 4096) };
    }

    /// <inheritdoc/>
    public override string ModelType => "phi3";

    /// <inheritdoc/>
    public override int VocabularySize { get; init; } = 32064;

    /// <inheritdoc/>
    public override int HiddenSize { get; init; } = 3072;

    /// <inheritdoc/>
    public override int IntermediateSize { get; init; } = 8192;

    /// <inheritdoc/>
    public override int MaxPositions { get; init; } = 4096;

    /// <inheritdoc/>
    public override double LayerNormEps { get; init; } = 1e-5;

    /// <inheritdoc/>
    public override RotaryParameters Rotary { get; init; } = new() { OriginalMaxPositions = 4096 };

    /// <inheritdoc/>
    public override int? BeginId { get; init; } = 1;

    /// <inheritdoc/>
    public override IReadOnlyList<int> EndIds { get; init; } = EndOfText;

    /// <inheritdoc/>
    public override int? PadId { get; init; } = 32000;

    /// <summary>The dropout probability of word embeddings.</summary>
    public double EmbeddingDropout { get; init; }

    private protected override ConfigNames Names => OwnNames;

    private protected override IReadOnlyList<string> Unsupported => [.. base.Unsupported, "layer_types"];

    // Early files of the family call it by other names.
    private protected override RotaryType? RotaryTypeOf(string name) => name is "su" or "yarn" ? RotaryType.LongRope : base.RotaryTypeOf(name);

    private protected override void AddEntries(JsonObject json)
    {
        base.AddEntries(json);
        json[OriginalEntry] = Rotary.OriginalMaxPositions;
        json[EmbeddingDropoutEntry] = EmbeddingDropout;
    }

    private protected override void AddFaults(ConfigFaults faults)
    {
        base.AddFaults(faults);
        faults.RequireProbability(EmbeddingDropoutEntry, EmbeddingDropout);
        faults.Require(Rotary.Type is RotaryType.Default or RotaryType.LongRope, "rope_type must be default or longrope");
    }
}
