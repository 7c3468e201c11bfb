using System.Text.Json.Nodes;
using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Families.Qwen3;

/// <summary>The configuration of a Qwen3 model.</summary>
public sealed record Qwen3Config : QwenDecoderConfig
{
    private const string AttentionBiasEntry = "attention_bias";

    /// <summary>Creates a configuration with the defaults of the family.</summary>
    public Qwen3Config()
    {
    }

    internal Qwen3Config(ConfigEntries entries)
        : base(entries) => AttentionBias = entries.Flag(AttentionBiasEntry, AttentionBias);

    /// <inheritdoc/>
    public override string ModelType => "qwen3";

    /// <inheritdoc/>
    public override int? HeadSize { get; init; } = 128;

    /// <summary>Whether the projections of attention have biases.</summary>
    public bool AttentionBias { get; init; }

    private protected override void AddEntries(JsonObject json)
    {
        base.AddEntries(json);
        json[AttentionBiasEntry] = AttentionBias;
    }
}
