using System.Text.Json.Nodes;
using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Families.Llama;

/// <summary>The configuration of a Llama model of any version, TinyLlama, SmolLM or another model of this type.</summary>
public sealed record LlamaConfig : RotaryDecoderConfig
{
    private const string AttentionBiasEntry = "attention_bias";
    private const string FeedForwardBiasEntry = "mlp_bias";

    // One list, so that configurations with the same values are equal.
    private static readonly IReadOnlyList<int> EndOfText = [2];

    /// <summary>Creates a configuration with the defaults of the family.</summary>
    public LlamaConfig()
    {
    }

    internal LlamaConfig(ConfigEntries entries)
        : base(entries)
    {
        AttentionBias = entries.Flag(AttentionBiasEntry, AttentionBias);
        FeedForwardBias = entries.Flag(FeedForwardBiasEntry, FeedForwardBias);
    }

    /// <inheritdoc/>
    public override string ModelType => "llama";

    /// <inheritdoc/>
    public override int MaxPositions { get; init; } = 2048;

    /// <inheritdoc/>
    public override int? BeginId { get; init; } = 1;

    /// <inheritdoc/>
    public override IReadOnlyList<int> EndIds { get; init; } = EndOfText;

    /// <summary>Whether the projections of attention have biases.</summary>
    public bool AttentionBias { get; init; }

    /// <summary>Whether the projections of the feed-forward blocks have biases.</summary>
    public bool FeedForwardBias { get; init; }

    private protected override void AddEntries(JsonObject json)
    {
        base.AddEntries(json);
        json[AttentionBiasEntry] = AttentionBias;
        json[FeedForwardBiasEntry] = FeedForwardBias;
    }
}
