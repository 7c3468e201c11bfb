using System.Globalization;
using System.Text.Json.Nodes;

namespace AdaLora.Transformers.Configuration;

/// <summary>What the config.json of every encoder says, under the names of the Hugging Face hub. Entries that have no property here are kept and written again.</summary>
public abstract record EncoderConfig : ModelConfig
{
    /// <summary>Creates a configuration with the defaults of its family.</summary>
    protected EncoderConfig()
    {
    }

    private protected EncoderConfig(ConfigEntries entries)
        : base(entries)
    {
        IntermediateSize = entries.Integer(Names.IntermediateSize, IntermediateSize);
        ClassifierDropout = entries.Number(Names.ClassifierDropout, ClassifierDropout);
        if (Names.TypeVocabularySize is { } typeVocabularySize)
            TypeVocabularySize = entries.Integer(typeVocabularySize, TypeVocabularySize);
        PadId = entries.Integer("pad_token_id", PadId);
        LabelNames = entries.Texts("id2label");
        ProblemType = entries.OptionalText("problem_type");
    }

    /// <summary>The inner width of the feed-forward blocks.</summary>
    public virtual int IntermediateSize { get; init; } = 3072;

    /// <summary>The dropout probability before the classifier; null means <see cref="ModelConfig.HiddenDropout"/>.</summary>
    public virtual double? ClassifierDropout { get; init; }

    /// <summary>The number of token types; 0 for none.</summary>
    public virtual int TypeVocabularySize { get; init; } = 2;

    /// <summary>The token id of padding.</summary>
    public virtual int PadId { get; init; }

    /// <summary>The names of the classes by their number as text; null when the checkpoint has no classifier.</summary>
    public IReadOnlyDictionary<string, string>? LabelNames { get; init; }

    /// <summary>What the head's outputs are: "regression", "single_label_classification" or "multi_label_classification"; null to infer it from their number.</summary>
    public string? ProblemType { get; init; }

    internal override IReadOnlyList<string> Roots => ["embeddings.", StackPrefix];

    internal override string LayersPrefix => $"{StackPrefix}layer.";

    /// <summary>The prefix of the tensor names of all layers, after the encoder's own prefix.</summary>
    internal virtual string StackPrefix => "encoder.";

    private protected override IReadOnlyList<string> Unsupported => [.. base.Unsupported, "is_decoder", "is_encoder_decoder", "add_cross_attention"];

    /// <summary>The configuration of the same model with this many labels.</summary>
    internal EncoderConfig WithLabels(int labels) => LabelNames?.Count == labels
        ? this
        : this with { LabelNames = Enumerable.Range(0, labels).ToDictionary(label => $"{label}", label => $"LABEL_{label}") };

    /// <summary>The configuration of the same encoder for a head of its own kind.</summary>
    internal EncoderConfig WithoutHead() => this with { LabelNames = null, ProblemType = null };

    internal override IEnumerable<StoredSize> StoredSizes()
    {
        yield return new StoredSize("vocab_size", VocabularySize, "embeddings.word_embeddings.weight", 0);
        yield return new StoredSize("hidden_size", HiddenSize, $"{LayersPrefix}0.output.dense.weight", 0);
        yield return new StoredSize("intermediate_size", IntermediateSize, $"{LayersPrefix}0.output.dense.weight", 1);
        if (HasPositions)
            yield return new StoredSize("max_position_embeddings", MaxPositions, "embeddings.position_embeddings.weight", 0);
        if (TypeVocabularySize > 0)
            yield return new StoredSize("type_vocab_size", TypeVocabularySize, "embeddings.token_type_embeddings.weight", 0);
    }

    /// <summary>Whether absolute positions have embeddings.</summary>
    private protected virtual bool HasPositions => true;

    private protected override void AddEntries(JsonObject json)
    {
        base.AddEntries(json);
        json[Names.IntermediateSize] = IntermediateSize;
        if (ClassifierDropout is { } classifierDropout)
            json[Names.ClassifierDropout] = classifierDropout;
        if (Names.TypeVocabularySize is { } typeVocabularySize)
            json[typeVocabularySize] = TypeVocabularySize;
        json["pad_token_id"] = PadId;
        if (LabelNames is { } names)
        {
            json["id2label"] = new JsonObject(names.Select(name => KeyValuePair.Create(name.Key, (JsonNode?)name.Value)));
            // Readers look up either; one that belongs to another head would be wrong.
            json["label2id"] = new JsonObject(names.DistinctBy(name => name.Value, StringComparer.Ordinal)
                .Select(name => KeyValuePair.Create(name.Value, (JsonNode?)int.Parse(name.Key, CultureInfo.InvariantCulture))));
        }
        if (ProblemType is { } problemType)
            json["problem_type"] = problemType;
    }

    private protected override void AddFaults(ConfigFaults faults)
    {
        base.AddFaults(faults);
        faults.RequirePositive("intermediate size", IntermediateSize);
        faults.Require(Heads < 1 || HiddenSize % Heads == 0, $"the hidden size {HiddenSize} is not a multiple of the {Heads} heads");
        faults.Require(PadId >= 0 && PadId < VocabularySize, $"pad_token_id {PadId} is not in the vocabulary");
        faults.Require(TypeVocabularySize >= 0, $"type_vocab_size {TypeVocabularySize} is negative");
        faults.RequireProbability("classifier dropout", ClassifierDropout ?? 0);
        faults.Require(
            ProblemType is null or "regression" or "single_label_classification" or "multi_label_classification",
            $"problem_type '{ProblemType}' is unknown (known: regression, single_label_classification, multi_label_classification)");
    }
}
