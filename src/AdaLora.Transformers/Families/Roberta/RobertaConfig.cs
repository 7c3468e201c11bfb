using System.Text.Json.Nodes;
using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Families.Roberta;

/// <summary>The configuration of a RoBERTa model. The positions before <see cref="EncoderConfig.PadId"/> + 1 are never used.</summary>
public record RobertaConfig : EncoderConfig
{
    /// <summary>Creates a configuration with the defaults of the family.</summary>
    public RobertaConfig()
    {
    }

    internal RobertaConfig(ConfigEntries entries)
        : base(entries)
    {
        PositionEmbeddingType = entries.Text("position_embedding_type", PositionEmbeddingType);
    }

    /// <inheritdoc/>
    public override string ModelType => "roberta";

    /// <inheritdoc/>
    public override int PadId { get; init; } = 1;

    /// <inheritdoc/>
    public override int VocabularySize { get; init; } = 50265;

    /// <summary>How positions are encoded; only "absolute" is supported.</summary>
    public string PositionEmbeddingType { get; init; } = "absolute";

    /// <summary>What class names begin with in checkpoints of the family.</summary>
    internal virtual string ArchitecturePrefix => "Roberta";

    private protected override void AddEntries(JsonObject json)
    {
        base.AddEntries(json);
        json["position_embedding_type"] = PositionEmbeddingType;
    }

    private protected override void AddFaults(ConfigFaults faults)
    {
        base.AddFaults(faults);
        faults.Require(PositionEmbeddingType == "absolute", $"position_embedding_type '{PositionEmbeddingType}' is not supported, only 'absolute'");
        faults.Require(MaxPositions > PadId + 1, $"max_position_embeddings {MaxPositions} leaves no position after pad_token_id {PadId}");
    }
}
