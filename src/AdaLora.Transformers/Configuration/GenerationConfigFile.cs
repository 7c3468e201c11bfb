using System.Text.Json;
using System.Text.Json.Nodes;

namespace AdaLora.Transformers.Configuration;

/// <summary>generation_config.json: what a checkpoint says about generation. What is not supported is refused when text is to be generated, because everything else works.</summary>
internal static class GenerationConfigFile
{
    public const string Name = "generation_config.json";

    private const string EarlyStoppingEntry = "early_stopping";
    private const string Never = "never";

    // The reference's value for top_k where the file says nothing.
    private const int DefaultTopK = 50;

    /// <summary>Entries that do not change what is generated from a decoder.</summary>
    private static readonly HashSet<string> Harmless = new(StringComparer.Ordinal)
    {
        "_from_model_config",
        "transformers_version",
        "bos_token_id",
        "pad_token_id",
        "use_cache",
        "cache_implementation",
        "cache_config",
        "output_attentions",
        "output_hidden_states",
        "output_scores",
        "output_logits",
        "return_dict_in_generate",
        "max_matching_ngram_size",
        "num_assistant_tokens",
        "num_assistant_tokens_schedule",
        "assistant_confidence_threshold",
        "assistant_lookbehind",
        "target_lookbehind",
        "disable_compile",
        "compile_config",
        "trust_remote_code",
        "chat_format",
        "is_assistant",
        // Read, but not as an entry of one kind: it is a flag or a word.
        EarlyStoppingEntry,
        "low_memory",
    };

    /// <summary>Values that mean the same as none.</summary>
    private static readonly Dictionary<string, double> Neutral = new(StringComparer.Ordinal)
    {
        ["num_beam_groups"] = 1,
        ["encoder_repetition_penalty"] = 1,
        ["guidance_scale"] = 1,
    };

    /// <summary>The options of a checkpoint; null if it has no such file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="fallback">What holds where the file says nothing.</param>
    /// <exception cref="CheckpointException">The file cannot be read, or an entry has a value of the wrong kind; all are listed.</exception>
    public static GenerationOptions? ReadIfThere(string path, GenerationOptions fallback) => JsonFile.ReadIfThere(path) is { } json ? Read(json, path, fallback, isOfGeneration: true) : null;

    /// <summary>The options that stand in a config.json: where they were before they had a file of their own.</summary>
    /// <param name="json">The content of config.json.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="fallback">What holds where the file says nothing.</param>
    /// <exception cref="CheckpointException">An entry has a value of the wrong kind; all are listed.</exception>
    public static GenerationOptions OfModel(JsonElement json, string path, GenerationOptions fallback) => Read(json, path, fallback, isOfGeneration: false);

    private static GenerationOptions Read(JsonElement json, string path, GenerationOptions fallback, bool isOfGeneration)
    {
        var faults = new ConfigFaults();
        var entries = new ConfigEntries(json, faults);
        var topK = entries.Integer("top_k", DefaultTopK);
        var options = fallback with
        {
            MaxNewTokens = entries.Integer("max_new_tokens", fallback.MaxNewTokens),
            MaxLength = entries.Integer("max_length", fallback.MaxLength),
            MinNewTokens = entries.Integer("min_new_tokens", fallback.MinNewTokens),
            MinLength = entries.Integer("min_length", fallback.MinLength),
            Samples = entries.Flag("do_sample", fallback.Samples),
            Temperature = entries.Number("temperature", fallback.Temperature),
            TopK = topK == 0 ? null : topK,
            TopP = entries.Number("top_p", fallback.TopP),
            MinP = entries.Number("min_p", fallback.MinP),
            TypicalP = entries.Number("typical_p", fallback.TypicalP),
            RepetitionPenalty = entries.Number("repetition_penalty", fallback.RepetitionPenalty),
            NoRepeatNgramSize = entries.Integer("no_repeat_ngram_size", fallback.NoRepeatNgramSize),
            Beams = entries.Integer("num_beams", fallback.Beams),
            LengthPenalty = entries.Number("length_penalty", fallback.LengthPenalty),
            EarlyStopping = json.Text(EarlyStoppingEntry) == Never ? EarlyStopping.WhenNoneCanWin
                : entries.Flag(EarlyStoppingEntry, false) ? EarlyStopping.WhenEnough : EarlyStopping.WhenNoneLeads,
            Returned = entries.Integer("num_return_sequences", fallback.Returned),
            EndIds = entries.Integers("eos_token_id", fallback.EndIds),
            ForcedBeginId = entries.Integer("forced_bos_token_id", fallback.ForcedBeginId),
            ForcedEndId = entries.Integer("forced_eos_token_id", fallback.ForcedEndId),
            DecoderStartId = entries.Integer("decoder_start_token_id", fallback.DecoderStartId),
            StopTexts = entries.Words("stop_strings") ?? fallback.StopTexts,
        };
        if (isOfGeneration)
            options = options with { Unsupported = [.. (entries.Rest() ?? new Dictionary<string, JsonElement>()).Where(entry => ChangesSomething(entry.Key, entry.Value)).Select(entry => entry.Key)] };
        return faults.List.Count == 0 ? options : throw new CheckpointException(path, $"can't be used: {string.Join("; ", faults.List)}.");
    }

    /// <summary>The content of the file for options that are valid.</summary>
    public static JsonObject Write(GenerationOptions options, LanguageModelConfig config)
    {
        var usual = new GenerationOptions();
        var json = new JsonObject
        {
            ["bos_token_id"] = config.BeginId,
            ["eos_token_id"] = options.EndIds.Count switch { 0 => null, 1 => options.EndIds[0], _ => new JsonArray([.. options.EndIds.Select(id => (JsonNode)id)]) },
            ["pad_token_id"] = config.PadId,
            ["do_sample"] = options.Samples,
        };
        Add("max_new_tokens", options.MaxNewTokens, null);
        Add("max_length", options.MaxLength, null);
        Add("min_new_tokens", options.MinNewTokens, usual.MinNewTokens);
        Add("min_length", options.MinLength, usual.MinLength);
        Add("temperature", options.Temperature, usual.Temperature);
        Add("top_k", options.TopK ?? 0, DefaultTopK);
        Add("top_p", options.TopP, usual.TopP);
        Add("min_p", options.MinP, usual.MinP);
        Add("typical_p", options.TypicalP, usual.TypicalP);
        Add("repetition_penalty", options.RepetitionPenalty, usual.RepetitionPenalty);
        Add("no_repeat_ngram_size", options.NoRepeatNgramSize, usual.NoRepeatNgramSize);
        Add("num_beams", options.Beams, usual.Beams);
        Add("length_penalty", options.LengthPenalty, usual.LengthPenalty);
        Add("num_return_sequences", options.Returned, usual.Returned);
        Add("forced_bos_token_id", options.ForcedBeginId, null);
        Add("forced_eos_token_id", options.ForcedEndId, null);
        Add("decoder_start_token_id", options.DecoderStartId ?? (config as EncoderDecoderConfig)?.DecoderStartId, null);
        if (options.EarlyStopping != EarlyStopping.WhenNoneLeads)
            json[EarlyStoppingEntry] = options.EarlyStopping == EarlyStopping.WhenEnough ? true : Never;
        if (options.StopTexts.Count > 0)
            json["stop_strings"] = new JsonArray([.. options.StopTexts.Select(text => (JsonNode)text)]);
        return json;

        void Add(string name, double? value, double? same)
        {
            if (value is { } number && number != same)
                json[name] = number == Math.Floor(number) && Math.Abs(number) < int.MaxValue ? (int)number : number;
        }
    }

    private static bool ChangesSomething(string name, JsonElement value) =>
        !Harmless.Contains(name) && value.IsSet() && !(Neutral.TryGetValue(name, out var same) && value.ValueKind == JsonValueKind.Number && value.GetDouble() == same);
}
