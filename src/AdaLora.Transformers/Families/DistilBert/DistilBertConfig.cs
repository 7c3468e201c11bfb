using System.Text.Json.Nodes;
using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Families.DistilBert;

/// <summary>The configuration of a DistilBERT model, whose config.json has its own names.</summary>
public sealed record DistilBertConfig : EncoderConfig
{
    private static readonly ConfigNames OwnNames = new()
    {
        HiddenSize = "dim",
        Layers = "n_layers",
        Heads = "n_heads",
        IntermediateSize = "hidden_dim",
        HiddenActivation = "activation",
        HiddenDropout = "dropout",
        AttentionDropout = "attention_dropout",
        ClassifierDropout = "seq_classif_dropout",
        LayerNormEps = null,
        TypeVocabularySize = null,
    };

    /// <summary>Creates a configuration with the defaults of the family.</summary>
    public DistilBertConfig()
    {
    }

    internal DistilBertConfig(ConfigEntries entries)
        : base(entries)
    {
        QuestionAnsweringDropout = entries.Number("qa_dropout", QuestionAnsweringDropout);
    }

    /// <inheritdoc/>
    public override string ModelType => "distilbert";

    /// <inheritdoc/>
    public override int Layers { get; init; } = 6;

    /// <inheritdoc/>
    public override double? ClassifierDropout { get; init; } = 0.2;

    /// <summary>The dropout probability before the scores of a question-answering head.</summary>
    public double QuestionAnsweringDropout { get; init; } = 0.1;

    /// <summary>Always 1e-12; config.json doesn't say.</summary>
    public override double LayerNormEps { get; init; } = 1e-12;

    /// <summary>Always 0: there are no token types.</summary>
    public override int TypeVocabularySize { get; init; }

    private protected override ConfigNames Names => OwnNames;

    private protected override void AddEntries(JsonObject json)
    {
        base.AddEntries(json);
        json["qa_dropout"] = QuestionAnsweringDropout;
    }

    internal override IReadOnlyDictionary<string, string> OtherNames =>
        new Dictionary<string, string> { ["hidden_size"] = "dim", ["num_attention_heads"] = "n_heads", ["num_hidden_layers"] = "n_layers" };

    internal override string StackPrefix => "transformer.";

    internal override IEnumerable<StoredSize> StoredSizes()
    {
        yield return new StoredSize("vocab_size", VocabularySize, "embeddings.word_embeddings.weight", 0);
        yield return new StoredSize("max_position_embeddings", MaxPositions, "embeddings.position_embeddings.weight", 0);
        yield return new StoredSize("dim", HiddenSize, $"{LayersPrefix}0.ffn.lin1.weight", 1);
        yield return new StoredSize("hidden_dim", IntermediateSize, $"{LayersPrefix}0.ffn.lin1.weight", 0);
    }

    private protected override void AddFaults(ConfigFaults faults)
    {
        base.AddFaults(faults);
        faults.RequireProbability("qa_dropout", QuestionAnsweringDropout);
    }
}
