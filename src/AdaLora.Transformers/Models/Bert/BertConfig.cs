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

    /// <summary>Whether the head of masked-language modelling scores words by the matrix of word embeddings; otherwise it has a decoder of its own.</summary>
    [JsonPropertyName("tie_word_embeddings")]
    public bool TiesWordEmbeddings { get; init; } = true;

    private protected override void AddFaults(ConfigFaults faults)
    {
        base.AddFaults(faults);
        faults.Require(PositionEmbeddingType == "absolute", $"position_embedding_type '{PositionEmbeddingType}' is not supported, only 'absolute'");
        faults.Require(!IsDecoder, "is_decoder is not supported");
    }
}
