using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using AdaLora.Transformers.Checkpoints;

namespace AdaLora.Transformers.Models;

/// <summary>What all encoders' config.json files say, under the names of the Hugging Face hub. Entries that have no property here are kept and written again.</summary>
public abstract record EncoderConfig
{
    // Each of them changes what the model computes, or what its weights mean.
    private static readonly string[] Unsupported = ["is_decoder", "is_encoder_decoder", "add_cross_attention", "pruned_heads", "quantization_config"];

    private static readonly JsonSerializerOptions Options = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>The family, such as "bert".</summary>
    [JsonPropertyName("model_type")]
    public abstract string ModelType { get; }

    /// <summary>The number of token ids.</summary>
    [JsonPropertyName("vocab_size")]
    public virtual int VocabularySize { get; init; } = 30522;

    /// <summary>The width of the hidden states.</summary>
    [JsonPropertyName("hidden_size")]
    public virtual int HiddenSize { get; init; } = 768;

    /// <summary>The number of encoder layers.</summary>
    [JsonPropertyName("num_hidden_layers")]
    public virtual int Layers { get; init; } = 12;

    /// <summary>The number of attention heads; must divide <see cref="HiddenSize"/>.</summary>
    [JsonPropertyName("num_attention_heads")]
    public virtual int Heads { get; init; } = 12;

    /// <summary>The inner width of the feed-forward blocks.</summary>
    [JsonPropertyName("intermediate_size")]
    public virtual int IntermediateSize { get; init; } = 3072;

    /// <summary>The activation of the feed-forward blocks: gelu, gelu_new, relu, silu, tanh ...</summary>
    [JsonPropertyName("hidden_act")]
    public virtual string HiddenActivation { get; init; } = "gelu";

    /// <summary>The dropout probability of embeddings and block outputs.</summary>
    [JsonPropertyName("hidden_dropout_prob")]
    public virtual double HiddenDropout { get; init; } = 0.1;

    /// <summary>The dropout probability of attention weights.</summary>
    [JsonPropertyName("attention_probs_dropout_prob")]
    public virtual double AttentionDropout { get; init; } = 0.1;

    /// <summary>The dropout probability before the classifier; null means <see cref="HiddenDropout"/>.</summary>
    [JsonPropertyName("classifier_dropout")]
    public virtual double? ClassifierDropout { get; init; }

    /// <summary>What layer norms add to the variance.</summary>
    [JsonPropertyName("layer_norm_eps")]
    public virtual double LayerNormEps { get; init; } = 1e-12;

    /// <summary>The number of position embeddings.</summary>
    [JsonPropertyName("max_position_embeddings")]
    public int MaxPositions { get; init; } = 512;

    /// <summary>The number of token types; 0 for none.</summary>
    [JsonPropertyName("type_vocab_size")]
    public virtual int TypeVocabularySize { get; init; } = 2;

    /// <summary>The token id of padding.</summary>
    [JsonPropertyName("pad_token_id")]
    public virtual int PadId { get; init; }

    /// <summary>The standard deviation of newly initialised weights.</summary>
    [JsonPropertyName("initializer_range")]
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>The names of the classes by their number as text; null when the checkpoint has no classifier.</summary>
    [JsonPropertyName("id2label")]
    public IReadOnlyDictionary<string, string>? LabelNames { get; init; }

    /// <summary>What the head's outputs are: "regression", "single_label_classification" or "multi_label_classification"; null for what their number says.</summary>
    [JsonPropertyName("problem_type")]
    public string? ProblemType { get; init; }

    /// <summary>Entries of config.json without a property here.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Other { get; init; }

    /// <summary>Other names of entries, each with the family's own name for it.</summary>
    [JsonIgnore]
    internal virtual IReadOnlyDictionary<string, string> OtherNames => new Dictionary<string, string>();

    /// <summary>The entry that holds <see cref="Layers"/>.</summary>
    [JsonIgnore]
    internal virtual string LayersEntry => "num_hidden_layers";

    /// <summary>What the names of the tensors of all layers begin with, after the encoder's own.</summary>
    [JsonIgnore]
    internal virtual string StackPrefix => "encoder.";

    /// <summary>What comes before the number of a layer in names of tensors.</summary>
    [JsonIgnore]
    internal string LayersPrefix => $"{StackPrefix}layer.";

    /// <summary>All faults of the values, each naming the entry of config.json; empty if there are none.</summary>
    /// <returns>The faults.</returns>
    public IReadOnlyList<string> Validate()
    {
        var faults = new ConfigFaults();
        AddFaults(faults);
        return faults.List;
    }

    internal static TConfig Read<TConfig>(CheckpointFolder checkpoint)
        where TConfig : EncoderConfig, new()
    {
        try
        {
            var faults = new ConfigFaults();
            var config = ConfigDocument.Normalize(checkpoint.Config, new TConfig().OtherNames, faults).Deserialize<TConfig>(Options)!;
            config.AddFaults(faults);
            return faults.List.Count == 0 ? config : throw new CheckpointException(checkpoint.ConfigPath, $"can't be used: {string.Join("; ", faults.List)}.");
        }
        catch (JsonException exception)
        {
            throw new CheckpointException(checkpoint.ConfigPath, $"has an entry of the wrong kind at {exception.Path}.", exception);
        }
    }

    internal JsonObject ToJson() => JsonSerializer.SerializeToNode(this, GetType(), Options)!.AsObject();

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
