using System.Text.Json;
using System.Text.Json.Nodes;
using AdaLora.Transformers.Checkpoints;

namespace AdaLora.Transformers.Models;

/// <summary>What all encoders' config.json files say, under the names of the Hugging Face hub. Entries that have no property here are kept and written again.</summary>
public abstract record EncoderConfig
{
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
    }

    /// <summary>The family, such as "bert".</summary>
    public abstract string ModelType { get; }

    /// <summary>The number of token ids.</summary>
    public int VocabularySize { get; init; } = 30522;

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

    /// <summary>Entries of config.json without a property here.</summary>
    public IDictionary<string, JsonElement>? Other { get; init; }

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
        var entries = new ConfigEntries(checkpoint.Config);
        var config = create(entries) with { Other = entries.Rest() };
        IReadOnlyList<string> faults = [.. entries.Faults, .. config.Validate()];
        return faults.Count == 0 ? config : throw new CheckpointException(checkpoint.ConfigPath, $"can't be used: {string.Join("; ", faults)}.");
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
    }

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
        faults.Require(LayerNormEps > 0, $"layer_norm_eps {LayerNormEps} is not above 0");
        faults.Require(InitializerRange >= 0, $"initializer_range {InitializerRange} is negative");
        faults.RequireProbability("hidden dropout", HiddenDropout);
        faults.RequireProbability("attention dropout", AttentionDropout);
        faults.RequireProbability("classifier dropout", ClassifierDropout ?? 0);
        faults.RequireActivation(HiddenActivation);
    }
}
