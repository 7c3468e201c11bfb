using System.Text.Json.Serialization;

namespace AdaLora.Transformers.Models.Bert;

/// <summary>The configuration of a BERT model.</summary>
public sealed record BertConfig : EncoderConfig
{
    /// <inheritdoc/>
    public override string ModelType => "bert";

    /// <summary>How positions are told; only "absolute" is supported.</summary>
    [JsonPropertyName("position_embedding_type")]
    public string PositionEmbeddingType { get; init; } = "absolute";

    /// <summary>Whether attention only looks back; not supported.</summary>
    [JsonPropertyName("is_decoder")]
    public bool IsDecoder { get; init; }

    private protected override void AddFaults(ConfigFaults faults)
    {
        base.AddFaults(faults);
        faults.Require(PositionEmbeddingType == "absolute", $"position_embedding_type '{PositionEmbeddingType}' is not supported, only 'absolute'");
        faults.Require(!IsDecoder, "is_decoder is not supported");
    }
}
