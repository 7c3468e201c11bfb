using System.Text.Json.Nodes;
using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Families.Bert;

/// <summary>The configuration of a BERT model.</summary>
public sealed record BertConfig : EncoderConfig
{
    /// <summary>Creates a configuration with the defaults of the family.</summary>
    public BertConfig()
    {
    }

    internal BertConfig(ConfigEntries entries)
        : base(entries)
    {
        PositionEmbeddingType = entries.Text("position_embedding_type", PositionEmbeddingType);
        IsDecoder = entries.Flag("is_decoder", IsDecoder);
        TiesWordEmbeddings = entries.Flag("tie_word_embeddings", TiesWordEmbeddings);
    }

    /// <inheritdoc/>
    public override string ModelType => "bert";

    /// <summary>How positions are encoded; only "absolute" is supported.</summary>
    public string PositionEmbeddingType { get; init; } = "absolute";

    /// <summary>Whether each token attends only to earlier ones; not supported.</summary>
    public bool IsDecoder { get; init; }

    /// <summary>Whether the head of masked-language modelling scores words by the matrix of word embeddings; otherwise it has its own decoder.</summary>
    public bool TiesWordEmbeddings { get; init; } = true;

    private protected override void AddEntries(JsonObject json)
    {
        base.AddEntries(json);
        json["position_embedding_type"] = PositionEmbeddingType;
        json["is_decoder"] = IsDecoder;
        json["tie_word_embeddings"] = TiesWordEmbeddings;
    }

    private protected override void AddFaults(ConfigFaults faults)
    {
        base.AddFaults(faults);
        faults.Require(PositionEmbeddingType == "absolute", $"position_embedding_type '{PositionEmbeddingType}' is not supported, only 'absolute'");
        faults.Require(!IsDecoder, "is_decoder is not supported");
    }
}
