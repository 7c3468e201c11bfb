using System.Text.Json;
using System.Text.Json.Nodes;
using AdaLora.Transformers.Loading;

namespace AdaLora.Transformers.Configuration;

/// <summary>What all encoders' config.json files say, under the names of the Hugging Face hub. Entries that have no property here are kept and written again.</summary>
public abstract record EncoderConfig
{
    // Each of them changes what the model computes, or what its weights mean.
    private static readonly string[] Unsupported = ["is_decoder", "is_encoder_decoder", "add_cross_attention", "pruned_heads", "quantization_config"];

    /// <summary>Makes a configuration with the defaults of its family.</summary>
    protected EncoderConfig()
    {
    }

    // Virtual, so that a family that calls an entry by another name, or has another default, says so in one place.
    private protected EncoderConfig(ConfigEntries entries)
    {
        VocabularySize = entries.Integer("vocab_size", VocabularySize);
        HiddenSize = entries.Integer(Names.HiddenSize, HiddenSize);
        Layers = entries.Integer(Names.Layers, Layers);
        Heads = entries.Integer(Names.Heads, Heads);
        IntermediateSize = entries.Integer(Names.IntermediateSize, IntermediateSize);
        HiddenActivation = entries.Text(Names.HiddenActivation, HiddenActivation);
        HiddenDropout = entries.Number(Names.HiddenDropout, HiddenDropout);
        AttentionDropout = entries.Number(Names.AttentionDropout, AttentionDropout);
        ClassifierDropout = entries.Number(Names.ClassifierDropout, ClassifierDropout);
        if (Names.LayerNormEps is { } layerNormEps)
            LayerNormEps = entries.Number(layerNormEps, LayerNormEps);
        MaxPositions = entries.Integer("max_position_embeddings", MaxPositions);
        if (Names.TypeVocabularySize is { } typeVocabularySize)
            TypeVocabularySize = entries.Integer(typeVocabularySize, TypeVocabularySize);
        PadId = entries.Integer("pad_token_id", PadId);
        InitializerRange = entries.Number("initializer_range", InitializerRange);
        LabelNames = entries.Texts("id2label");
        ProblemType = entries.OptionalText("problem_type");
    }

    /// <summary>The family, such as "bert".</summary>
    public abstract string ModelType { get; }

    /// <summary>The number of token ids.</summary>
    public virtual int VocabularySize { get; init; } = 30522;

    /// <summary>The width of the hidden states.</summary>
    public virtual int HiddenSize { get; init; } = 768;

    /// <summary>The number of encoder layers.</summary>
    public virtual int Layers { get; init; } = 12;

    /// <summary>The number of attention heads; must divide <see cref="HiddenSize"/>.</summary>
    public virtual int Heads { get; init; } = 12;

    /// <summary>The inner width of the feed-forward blocks.</summary>
    public virtual int IntermediateSize { get; init; } = 3072;

    /// <summary>The activation of the feed-forward blocks: gelu, gelu_new, relu, silu, tanh ...</summary>
    public virtual string HiddenActivation { get; init; } = "gelu";

    /// <summary>The dropout probability of embeddings and block outputs.</summary>
    public virtual double HiddenDropout { get; init; } = 0.1;

    /// <summary>The dropout probability of attention weights.</summary>
    public virtual double AttentionDropout { get; init; } = 0.1;

    /// <summary>The dropout probability before the classifier; null means <see cref="HiddenDropout"/>.</summary>
    public virtual double? ClassifierDropout { get; init; }

    /// <summary>What layer norms add to the variance.</summary>
    public virtual double LayerNormEps { get; init; } = 1e-12;

    /// <summary>The number of position embeddings.</summary>
    public int MaxPositions { get; init; } = 512;

    /// <summary>The number of token types; 0 for none.</summary>
    public virtual int TypeVocabularySize { get; init; } = 2;

    /// <summary>The token id of padding.</summary>
    public virtual int PadId { get; init; }

    /// <summary>The standard deviation of newly initialised weights.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>The names of the classes by their number as text; null when the checkpoint has no classifier.</summary>
    public IReadOnlyDictionary<string, string>? LabelNames { get; init; }

    /// <summary>What the head's outputs are: "regression", "single_label_classification" or "multi_label_classification"; null for what their number says.</summary>
    public string? ProblemType { get; init; }

    /// <summary>Entries of config.json without a property here.</summary>
    public IDictionary<string, JsonElement>? Other { get; init; }

    /// <summary>Other names of entries, each with the family's own name for it.</summary>
    internal virtual IReadOnlyDictionary<string, string> OtherNames => new Dictionary<string, string>();

    /// <summary>The entry that holds <see cref="Layers"/>.</summary>
    internal virtual string LayersEntry => "num_hidden_layers";

    /// <summary>What the names of the tensors of all layers begin with, after the encoder's own.</summary>
    internal virtual string StackPrefix => "encoder.";

    /// <summary>What comes before the number of a layer in names of tensors.</summary>
    internal string LayersPrefix => $"{StackPrefix}layer.";

    /// <summary>All faults of the values, each naming the entry of config.json; empty if there are none.</summary>
    /// <returns>The faults.</returns>
    public IReadOnlyList<string> Validate()
    {
        var faults = new ConfigFaults();
        AddFaults(faults);
        return faults.List;
    }

    private protected virtual ConfigNames Names => ConfigNames.Usual;

    /// <exception cref="CheckpointException">The configuration cannot be used; all faults are listed.</exception>
    internal static TConfig Read<TConfig>(CheckpointFolder checkpoint, Func<ConfigEntries, TConfig> create)
        where TConfig : EncoderConfig
    {
        var faults = new ConfigFaults();
        var entries = new ConfigEntries(ConfigDocument.Normalize(checkpoint.Config, create(ConfigEntries.None).OtherNames, faults), faults);
        var config = create(entries) with { Other = entries.Rest() };
        config.AddFaults(faults);
        return faults.List.Count == 0 ? config : throw new CheckpointException(checkpoint.ConfigPath, $"can't be used: {string.Join("; ", faults.List)}.");
    }

    internal JsonObject ToJson()
    {
        var json = new JsonObject();
        AddEntries(json);
        foreach (var entry in Other ?? new Dictionary<string, JsonElement>())
            json.TryAdd(entry.Key, JsonNode.Parse(entry.Value.GetRawText()));
        return json;
    }

    /// <exception cref="ArgumentException">A value can't be used; all faults are listed.</exception>
    internal void ThrowIfInvalid()
    {
        var faults = Validate();
        if (faults.Count > 0)
            throw new ArgumentException($"The configuration can't be used: {string.Join("; ", faults)}.");
    }

    /// <summary>The configuration of the same model with this many labels.</summary>
    internal EncoderConfig WithLabels(int labels) => LabelNames?.Count == labels
        ? this
        : this with { LabelNames = Enumerable.Range(0, labels).ToDictionary(label => $"{label}", label => $"LABEL_{label}") };

    private protected virtual void AddEntries(JsonObject json)
    {
        json["model_type"] = ModelType;
        json["vocab_size"] = VocabularySize;
        json[Names.HiddenSize] = HiddenSize;
        json[Names.Layers] = Layers;
        json[Names.Heads] = Heads;
        json[Names.IntermediateSize] = IntermediateSize;
        json[Names.HiddenActivation] = HiddenActivation;
        json[Names.HiddenDropout] = HiddenDropout;
        json[Names.AttentionDropout] = AttentionDropout;
        if (ClassifierDropout is { } classifierDropout)
            json[Names.ClassifierDropout] = classifierDropout;
        if (Names.LayerNormEps is { } layerNormEps)
            json[layerNormEps] = LayerNormEps;
        json["max_position_embeddings"] = MaxPositions;
        if (Names.TypeVocabularySize is { } typeVocabularySize)
            json[typeVocabularySize] = TypeVocabularySize;
        json["pad_token_id"] = PadId;
        json["initializer_range"] = InitializerRange;
        if (LabelNames is { } names)
            json["id2label"] = new JsonObject(names.Select(name => KeyValuePair.Create(name.Key, (JsonNode?)name.Value)));
        if (ProblemType is { } problemType)
            json["problem_type"] = problemType;
    }

    /// <summary>The configuration of the same encoder for a head of its own kind.</summary>
    internal EncoderConfig WithoutHead() => this with { LabelNames = null, ProblemType = null };

    /// <summary>The sizes that the stored weights of the encoder have to have.</summary>
    internal virtual IEnumerable<StoredSize> StoredSizes()
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

    private protected virtual void AddFaults(ConfigFaults faults)
    {
        faults.RequirePositive("vocab_size", VocabularySize);
        faults.RequirePositive("hidden size", HiddenSize);
        faults.RequirePositive("number of layers", Layers);
        faults.RequirePositive("number of heads", Heads);
        faults.RequirePositive("intermediate size", IntermediateSize);
        faults.RequirePositive("max_position_embeddings", MaxPositions);
        faults.Require(Heads < 1 || HiddenSize % Heads == 0, $"the hidden size {HiddenSize} is no multiple of the {Heads} heads");
        faults.Require(PadId >= 0 && PadId < VocabularySize, $"pad_token_id {PadId} is no id of the vocabulary");
        faults.Require(TypeVocabularySize >= 0, $"type_vocab_size {TypeVocabularySize} is negative");
        faults.Require(LayerNormEps > 0 && double.IsFinite(LayerNormEps), $"layer_norm_eps {LayerNormEps} is not above 0 and finite");
        faults.Require(InitializerRange >= 0 && double.IsFinite(InitializerRange), $"initializer_range {InitializerRange} is not finite, or negative");
        faults.RequireProbability("hidden dropout", HiddenDropout);
        faults.RequireProbability("attention dropout", AttentionDropout);
        faults.RequireProbability("classifier dropout", ClassifierDropout ?? 0);
        faults.RequireActivation(HiddenActivation);
        faults.Require(
            ProblemType is null or "regression" or "single_label_classification" or "multi_label_classification",
            $"problem_type '{ProblemType}' is unknown (known: regression, single_label_classification, multi_label_classification)");
        foreach (var entry in Unsupported.Where(entry => Other?.TryGetValue(entry, out var value) == true && Tokenization.DefinitionSection.IsSet(value)))
            faults.Require(false, $"{entry} is set, which is not supported");
    }
}
