using System.Text.Json.Nodes;
using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Families.Electra;

/// <summary>The configuration of an ELECTRA model.</summary>
public sealed record ElectraConfig : EncoderConfig
{
    /// <summary>Creates a configuration with the defaults of the family.</summary>
    public ElectraConfig()
    {
    }

    internal ElectraConfig(ConfigEntries entries)
        : base(entries)
    {
        EmbeddingSize = entries.Integer("embedding_size", EmbeddingSize);
        PositionEmbeddingType = entries.Text("position_embedding_type", PositionEmbeddingType);
    }

    /// <inheritdoc/>
    public override string ModelType => "electra";

    /// <summary>The width of the embeddings; where it differs from the hidden size, a dense layer maps between them.</summary>
    public int EmbeddingSize { get; init; } = 128;

    /// <inheritdoc/>
    public override int HiddenSize { get; init; } = 256;

    /// <inheritdoc/>
    public override int Heads { get; init; } = 4;

    /// <inheritdoc/>
    public override int IntermediateSize { get; init; } = 1024;

    /// <summary>How positions are encoded; only "absolute" is supported.</summary>
    public string PositionEmbeddingType { get; init; } = "absolute";

    private protected override void AddEntries(JsonObject json)
    {
        base.AddEntries(json);
        json["embedding_size"] = EmbeddingSize;
        json["position_embedding_type"] = PositionEmbeddingType;
    }

    internal override IEnumerable<StoredSize> StoredSizes() => base.StoredSizes().Append(new StoredSize("embedding_size", EmbeddingSize, "embeddings.word_embeddings.weight", 1));

    private protected override void AddFaults(ConfigFaults faults)
    {
        base.AddFaults(faults);
        faults.RequirePositive("embedding_size", EmbeddingSize);
        faults.Require(PositionEmbeddingType == "absolute", $"position_embedding_type '{PositionEmbeddingType}' is not supported, only 'absolute'");
    }
}
