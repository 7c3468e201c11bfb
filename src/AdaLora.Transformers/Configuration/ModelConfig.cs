using System.Text.Json;
using System.Text.Json.Nodes;

namespace AdaLora.Transformers.Configuration;

/// <summary>What the config.json of every model says, under the names of the Hugging Face hub. Entries that have no property here are kept and written again.</summary>
public abstract record ModelConfig
{
    private protected ModelConfig()
    {
    }

    // Virtual, so that a family that uses a different name for an entry, or a different default, says so in one place.
    private protected ModelConfig(ConfigEntries entries)
    {
        VocabularySize = entries.Integer("vocab_size", VocabularySize);
        HiddenSize = entries.Integer(Names.HiddenSize, HiddenSize);
        Layers = entries.Integer(Names.Layers, Layers);
        Heads = entries.Integer(Names.Heads, Heads);
        HiddenActivation = entries.Text(Names.HiddenActivation, HiddenActivation);
        if (Names.HiddenDropout is { } hiddenDropout)
            HiddenDropout = entries.Number(hiddenDropout, HiddenDropout);
        if (Names.AttentionDropout is { } attentionDropout)
            AttentionDropout = entries.Number(attentionDropout, AttentionDropout);
        if (Names.LayerNormEps is { } layerNormEps)
            LayerNormEps = entries.Number(layerNormEps, LayerNormEps);
        if (Names.MaxPositions is { } maxPositions)
            MaxPositions = entries.Integer(maxPositions, MaxPositions);
        InitializerRange = entries.Number(Names.InitializerRange, InitializerRange);
    }

    /// <summary>The family, such as "bert".</summary>
    public abstract string ModelType { get; }

    /// <summary>The number of token ids.</summary>
    public virtual int VocabularySize { get; init; } = 30522;

    /// <summary>The width of the hidden states.</summary>
    public virtual int HiddenSize { get; init; } = 768;

    /// <summary>The number of layers.</summary>
    public virtual int Layers { get; init; } = 12;

    /// <summary>The number of attention heads.</summary>
    public virtual int Heads { get; init; } = 12;

    /// <summary>The activation of the feed-forward blocks: gelu, gelu_new, relu, silu, tanh ...</summary>
    public virtual string HiddenActivation { get; init; } = "gelu";

    /// <summary>The dropout probability of block outputs.</summary>
    public virtual double HiddenDropout { get; init; } = 0.1;

    /// <summary>The dropout probability of attention weights.</summary>
    public virtual double AttentionDropout { get; init; } = 0.1;

    /// <summary>What norms add to the variance.</summary>
    public virtual double LayerNormEps { get; init; } = 1e-12;

    /// <summary>The number of positions.</summary>
    public virtual int MaxPositions { get; init; } = 512;

    /// <summary>The standard deviation of newly initialised weights.</summary>
    public virtual double InitializerRange { get; init; } = 0.02;

    /// <summary>Entries of config.json without a property here.</summary>
    public IDictionary<string, JsonElement>? Other { get; init; }

    /// <summary>Other names of entries, each with the family's own name for it.</summary>
    internal virtual IReadOnlyDictionary<string, string> OtherNames => new Dictionary<string, string>();

    /// <summary>The prefix of tensor names, after the model's own prefix.</summary>
    internal abstract IReadOnlyList<string> Roots { get; }

    /// <summary>What comes before the number of a layer in names of tensors.</summary>
    internal abstract string LayersPrefix { get; }

    /// <summary>The stacks of layers: the entry that holds their number, that number, and what comes before the number of a layer in names of tensors.</summary>
    internal virtual IReadOnlyList<(string Entry, int Layers, string Prefix)> Stacks => [(Names.Layers, Layers, LayersPrefix)];

    /// <summary>Name suffixes of stored tensors that are not weights and that older versions of the reference wrote.</summary>
    internal virtual IReadOnlyList<string> ConstantEndings => [".position_ids"];

    /// <summary>All faults of the values, each naming the entry of config.json; empty if there are none.</summary>
    /// <returns>The faults.</returns>
    public IReadOnlyList<string> Validate()
    {
        var faults = new ConfigFaults();
        AddFaults(faults);
        return faults.List;
    }

    private protected virtual ConfigNames Names => ConfigNames.Usual;

    /// <summary>Entries that are refused where they are set, because each changes what the model computes or what its weights mean.</summary>
    private protected virtual IReadOnlyList<string> Unsupported => ["pruned_heads", "quantization_config"];

    /// <summary>Reads what a config.json holds.</summary>
    /// <param name="json">The content.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="create">Creates the family's configuration.</param>
    /// <exception cref="CheckpointException">The configuration cannot be used; all faults are listed.</exception>
    internal static TConfig Read<TConfig>(JsonElement json, string path, Func<ConfigEntries, TConfig> create)
        where TConfig : ModelConfig
    {
        var faults = new ConfigFaults();
        var entries = new ConfigEntries(ConfigDocument.Normalize(json, create(ConfigEntries.None).OtherNames, faults), faults);
        var config = create(entries) with { Other = entries.Rest() };
        config.AddFaults(faults);
        return faults.List.Count == 0 ? config : throw new CheckpointException(path, $"can't be used: {string.Join("; ", faults.List)}.");
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

    /// <summary>The sizes that the stored weights must have.</summary>
    internal abstract IEnumerable<StoredSize> StoredSizes();

    private protected virtual void AddEntries(JsonObject json)
    {
        json["model_type"] = ModelType;
        json["vocab_size"] = VocabularySize;
        json[Names.HiddenSize] = HiddenSize;
        json[Names.Layers] = Layers;
        json[Names.Heads] = Heads;
        json[Names.HiddenActivation] = HiddenActivation;
        if (Names.HiddenDropout is { } hiddenDropout)
            json[hiddenDropout] = HiddenDropout;
        if (Names.AttentionDropout is { } attentionDropout)
            json[attentionDropout] = AttentionDropout;
        if (Names.LayerNormEps is { } layerNormEps)
            json[layerNormEps] = LayerNormEps;
        if (Names.MaxPositions is { } maxPositions)
            json[maxPositions] = MaxPositions;
        json[Names.InitializerRange] = InitializerRange;
    }

    private protected virtual void AddFaults(ConfigFaults faults)
    {
        faults.RequirePositive("vocab_size", VocabularySize);
        faults.RequirePositive("hidden size", HiddenSize);
        faults.RequirePositive("number of layers", Layers);
        faults.RequirePositive("number of heads", Heads);
        faults.RequirePositive(Names.MaxPositions ?? "number of positions", MaxPositions);
        faults.Require(LayerNormEps > 0 && double.IsFinite(LayerNormEps), $"{Names.LayerNormEps ?? "layer_norm_eps"} {LayerNormEps} is not finite and above 0");
        faults.Require(InitializerRange >= 0 && double.IsFinite(InitializerRange), $"{Names.InitializerRange} {InitializerRange} is not finite, or is negative");
        faults.RequireProbability("hidden dropout", HiddenDropout);
        faults.RequireProbability("attention dropout", AttentionDropout);
        faults.RequireActivation(HiddenActivation);
        foreach (var entry in Unsupported.Where(entry => Other?.TryGetValue(entry, out var value) == true && value.IsSet()))
            faults.Require(false, $"{entry} is set, which is not supported");
    }
}
