using System.Text.Json.Nodes;
using AdaLora.Adapters;
using AdaLora.Injection;
using AdaLora.Internals;

namespace AdaLora.Peft;

/// <summary>
/// The contents of adapter_config.json, checked as far as possible without a model. Ranks and scales are written differently in the two kinds of adapters that can be read.
/// </summary>
internal abstract class SavedConfig
{
    /// <summary>The field for <see cref="TiesWeights"/>.</summary>
    public const string TiedField = "ensure_weight_tying";

    // Each of them makes the model compute something that this library's adapters cannot.
    private static readonly string[] Unsupported =
    [
        "alora_invocation_tokens", "arrow_config", "kasa_config", "layer_replication", "lora_bias", "monteclora_config", "target_parameters", "use_bdlora",
            "use_dora", "use_qalora",
    ];

    // Fields that are followed, or that do not affect what the adapter computes: how it was initialised, its purpose, how it was trained, where it came from.
    private static readonly HashSet<string> Known = new(StringComparer.Ordinal)
    {
        "alpha_pattern", "auto_mapping", "base_model_name_or_path", "beta1", "beta2", "bias", "corda_config", "deltaT", TiedField, "eva_config", "exclude_modules", "fan_in_fan_out", "inference_mode",
        "init_lora_weights", "init_r", "layers_pattern", "layers_to_transform", "loftq_config", "lora_alpha", "lora_dropout", "lora_ga_config", "megatron_config", "megatron_core",
            "modules_to_save", "orth_reg_weight",
        "peft_type", "peft_version", "qalora_group_size", "r", "rank_pattern", "revision", "runtime_config", "target_modules", "target_r", "task_type", "tfinal", "tinit", "total_step",
            SavedRows.Field, "use_rslora", "velora_config",
    };

    // These initialisations change the base weights, so the adapter does not belong to the unmodified base model.
    private static readonly string[] ChangingBase = ["pissa", "olora", "corda", "loftq", "lora_ga"];

    protected SavedConfig(JsonObject json, JsonFields fields)
    {
        Json = json;
        Alpha = fields.Number("lora_alpha", 8);
        Dropout = fields.Number("lora_dropout", 0);
        Targets = SavedTargets.Read(fields, json);
        ModulesToSave = [.. (fields.Texts("modules_to_save") ?? []).Distinct(StringComparer.Ordinal)];
        Rows = SavedRows.Read(fields);
        TiesWeights = fields.Get(TiedField, false, "true or false");
        Biases = fields.Text("bias") switch { "all" => BiasTraining.All, "lora_only" => BiasTraining.Adapted, _ => BiasTraining.None };
    }

    /// <summary>The file as it is, including unknown fields.</summary>
    public JsonObject Json { get; }

    public double Alpha { get; }

    public double Dropout { get; }

    public SavedTargets Targets { get; }

    /// <summary>Fields that are set but unknown, so that their meaning cannot be determined.</summary>
    public IReadOnlyList<string> UnknownFields =>
        [.. Json.Where(entry => !Known.Contains(entry.Key) && !Unsupported.Contains(entry.Key, StringComparer.Ordinal) && IsSet(entry.Value)).Select(entry => entry.Key)];

    /// <summary>Modules saved in full, as listed, each once. The model need not have all of them.</summary>
    public IReadOnlyList<string> ModulesToSave { get; }

    /// <summary>Rows of tables of embeddings that were trained by themselves.</summary>
    public SavedRows Rows { get; }

    /// <summary>Whether PEFT kept modules tied that share a weight in the base model: what one of them received, the others did too.</summary>
    public bool TiesWeights { get; }

    public BiasTraining Biases { get; }

    /// <summary>What the metadata of the weights records of an adapter that is still to be pruned.</summary>
    public UnsettledRanks Unsettled { get; set; } = UnsettledRanks.None;

    /// <summary>PEFT's name for this kind of adapter.</summary>
    public abstract string Kind { get; }

    /// <summary>Whether ranks are settled, so that no stored triplet will be pruned later unless requested.</summary>
    public abstract bool AreRanksFinal { get; }

    /// <summary>Suffixes of the names of adapted modules' tensors.</summary>
    public abstract IReadOnlyList<string> Endings { get; }

    /// <summary>Those of one module.</summary>
    /// <param name="isTable">Whether it is a table of embeddings.</param>
    public virtual IReadOnlyList<string> EndingsOf(bool isTable) => Endings;

    /// <summary>Modules that the configuration lists by full name.</summary>
    public abstract IEnumerable<string> NamedModules { get; }

    /// <summary>How many triplets are stored. A file may claim any number: the stored tensors are compared with it before anything of that size is created.</summary>
    public abstract int RankOf(string module);

    /// <summary>For each initial triplet, whether it is stored.</summary>
    public abstract IReadOnlyList<bool> PatternOf(string module);

    /// <summary>Factor of the adapter's product.</summary>
    public abstract double ScaleOf(string module);

    /// <summary>Shapes of the stored tensors, by suffix.</summary>
    public abstract IReadOnlyDictionary<string, long[]> ShapesOf(string module, MatrixSizes sizes);

    /// <summary>Why an adapter of this kind cannot be put on a layer, as the rest of a sentence, or null if it can.</summary>
    public virtual string? FaultOf(AdaptableLayer layer) => null;

    /// <summary>The settings for further training.</summary>
    /// <param name="matrices">How many matrices are adapted.</param>
    /// <param name="triplets">What the stored triplets cost: their number, unless the budget counts parameters.</param>
    public abstract SavedTraining Training(int matrices, int triplets);

    /// <exception cref="InvalidDataException">The configuration cannot be read or followed; all reasons are listed.</exception>
    public static SavedConfig Parse(ReadOnlySpan<byte> utf8, string path)
    {
        var json = JsonFields.Parse(utf8, path);
        var fields = new JsonFields(json);
        SavedConfig config = fields.Text("peft_type") switch
        {
            SavedAdaLoraConfig.PeftType => new SavedAdaLoraConfig(json, fields),
            SavedLoraConfig.PeftType => new SavedLoraConfig(json, fields),
            var other => throw new InvalidDataException($"'{path}' describes an adapter of type '{other}'; only {SavedAdaLoraConfig.PeftType} and {SavedLoraConfig.PeftType} can be loaded."),
        };
        var problems = fields.Problems
            .Concat(Unsupported.Where(name => IsSet(json[name])).Select(name => $"'{name}' is set, which is not supported"))
            .Concat(config.OwnProblems())
            .ToList();
        if (json["init_lora_weights"] is JsonValue start && start.TryGetValue<string>(out var method) && ChangingBase.Any(m => method.StartsWith(m, StringComparison.OrdinalIgnoreCase)))
            problems.Add($"'init_lora_weights' is '{method}', which changes the base model; convert the adapter to plain LoRA first");
        return problems.Count == 0 ? config : throw new InvalidDataException($"'{path}' cannot be used: {string.Join("; ", problems)}.");
    }

    protected virtual IEnumerable<string> OwnProblems()
    {
        if (!IsSingle(Alpha))
            yield return $"'lora_alpha' is {Alpha}; it must be a single-precision number";
        if (Dropout is not (>= 0 and < 1))
            yield return $"'lora_dropout' is {Dropout}; it must lie in [0, 1)";
    }

    /// <summary>Whether a number can be used in the precision of adapters.</summary>
    protected static bool IsSingle(double value) => float.IsFinite((float)value);

    private static bool IsSet(JsonNode? node) => node switch
    {
        null => false,
        JsonArray array => array.Count > 0,
        JsonObject map => map.Count > 0,
        _ => !(node is JsonValue value && value.TryGetValue<bool>(out var on) && !on),
    };
}
