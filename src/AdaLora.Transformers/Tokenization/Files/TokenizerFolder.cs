using System.Text.Json;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.Files;

/// <summary>The tokenizer files of a checkpoint folder, and what all of them say.</summary>
internal sealed class TokenizerFolder
{
    private const string DefinitionFile = "tokenizer.json";

    // Of these, the class says that the model is not given types, whether or not the files do.
    private static readonly string[] ClassesWithoutTypes =
    [
        "RobertaTokenizer", "BartTokenizer", "LongformerTokenizer", "XLMRobertaTokenizer", "MBartTokenizer", "T5Tokenizer", "GPT2Tokenizer", "LlamaTokenizer", "CodeLlamaTokenizer",
        "GemmaTokenizer", "Qwen2Tokenizer",
    ];
    private static readonly string[] SpecialTokenNames = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];
    private static readonly string[] FurtherNames = ["additional_special_tokens", "extra_special_tokens"];

    private readonly JsonElement? _specialTokens;

    private TokenizerFolder(string path)
    {
        Path = path;
        Definition = JsonFile.ReadIfThere(File(DefinitionFile));
        Config = JsonFile.ReadIfThere(ConfigPath);
        _specialTokens = JsonFile.ReadIfThere(File("special_tokens_map.json"));
    }

    public string Path { get; }

    /// <summary>tokenizer.json: the whole definition of a fast tokenizer.</summary>
    public JsonElement? Definition { get; }

    /// <summary>tokenizer_config.json: settings, some of which override the definition's.</summary>
    public JsonElement? Config { get; }

    public string DefinitionPath => File(DefinitionFile);

    public string ConfigPath => File("tokenizer_config.json");

    /// <summary>The token of padding, or null if no file names it.</summary>
    public string? PadToken => SpecialToken("pad_token") ?? Definition?.Member("padding")?.Text("pad_token");

    /// <summary>Whether spaces before punctuation are removed from decoded texts.</summary>
    public bool CleansUpSpaces => Flag("clean_up_tokenization_spaces") ?? false;

    /// <summary>Whether special tokens in a text are text.</summary>
    /// <exception cref="CheckpointException">The setting is neither true nor false.</exception>
    public bool SplitsSpecialTokens => Config?.Member("split_special_tokens") is not { } value ? false
        : Flag("split_special_tokens") ?? throw new CheckpointException(ConfigPath, $"sets split_special_tokens to {value.GetRawText()}; it must be true or false.");

    // The class that tokenizer_config.json names, without the ending of fast ones.
    private string? ClassName => Config?.Text("tokenizer_class") is { } name ? name.EndsWith("Fast", StringComparison.Ordinal) ? name[..^4] : name : null;

    public static TokenizerFolder Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Directory.Exists(path) ? new TokenizerFolder(path) : throw new CheckpointException(path, "is not a directory; give the folder of a checkpoint.");
    }

    /// <exception cref="CheckpointException">There is no tokenizer, or its files are broken, contradict each other or require something that isn't supported.</exception>
    public TextTokenizer CreateTokenizer()
    {
        var (file, create) = FindKind();
        try
        {
            return new TextTokenizer(create(this, File(file)));
        }
        catch (Exception exception) when (exception is KeyNotFoundException or InvalidDataException or FormatException or ArgumentException or InvalidOperationException)
        {
            // Contents that cannot be used; files that cannot be read are IOExceptions already, as is CheckpointException.
            throw new CheckpointException(File(file), exception.Message, exception);
        }
    }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public bool Has(string name) => System.IO.File.Exists(File(name));

    /// <summary>A flag of tokenizer_config.json, or null.</summary>
    public bool? Flag(string name) => Config?.Flag(name);

    /// <summary>A special token such as cls_token; the files give it as a string or as an object with its content.</summary>
    public string? SpecialToken(string name)
    {
        foreach (var file in new[] { Config, _specialTokens })
        {
            if (file?.Text(name) is { } text)
                return text;
            if (file?.Member(name)?.Text("content") is { } content)
                return content;
        }
        return null;
    }

    /// <summary>What the files say about a special token beyond its content, such as lstrip; null if nothing.</summary>
    public JsonElement? Describe(string content)
    {
        foreach (var entry in SpecialTokenNames.SelectMany(name => new[] { Config?.Member(name), _specialTokens?.Member(name) }).OfType<JsonElement>())
        {
            if (entry.ValueKind == JsonValueKind.Object && entry.Text("content") == content)
                return entry;
        }
        return null;
    }

    /// <summary>Special tokens besides those that have their own name, each as the files have it: as a string or as an object.</summary>
    public IEnumerable<(string Content, JsonElement Entry)> FurtherSpecialTokens()
    {
        foreach (var list in FurtherNames.SelectMany(name => new[] { Config?.Member(name), _specialTokens?.Member(name) }).OfType<JsonElement>())
        {
            var entries = list.ValueKind switch
            {
                JsonValueKind.Array => list.EnumerateArray().ToList(),
                JsonValueKind.Object => list.EnumerateObject().Select(entry => entry.Value).ToList(),
                _ => throw new CheckpointException(ConfigPath, $"has additional special tokens that are not a list: {list.GetRawText()}."),
            };
            foreach (var entry in entries)
            {
                yield return ((entry.ValueKind == JsonValueKind.String ? entry.GetString() : entry.Text("content"))
                    ?? throw new CheckpointException(ConfigPath, $"has the additional special token {entry.GetRawText()}, which has no content."), entry);
            }
        }
    }

    /// <summary>How texts become a row, by tokenizer.json or, where there is none, as <paramref name="own"/> says.</summary>
    /// <exception cref="CheckpointException">The files require something that isn't supported.</exception>
    public SequenceTemplate Template(Vocabulary vocabulary, Func<SequenceTemplate> own)
    {
        var template = Definition is { } definition ? new FrameReader(vocabulary, this, DefinitionPath).Read(definition) : own();
        // Llama's class builds its frame from these settings, whatever the definition says.
        if (HasClass("LlamaTokenizer") && (Flag("add_bos_token") ?? Flag("add_eos_token")) is not null)
        {
            var start = Flag("add_bos_token") == false ? (int?)null : vocabulary.Require(SpecialToken("bos_token") ?? "<s>");
            template = SequenceTemplate.Llama(start, Flag("add_eos_token") == true ? vocabulary.Require(SpecialToken("eos_token") ?? "</s>") : null);
        }

        var hasTypes = Config?.Member("model_input_names") is { ValueKind: JsonValueKind.Array } inputs
            ? inputs.EnumerateArray().Any(name => name.ValueKind == JsonValueKind.String && name.GetString() == "token_type_ids")
            : !ClassesWithoutTypes.Contains(ClassName, StringComparer.Ordinal);
        if (!hasTypes)
            template = template.WithoutTypes();
        return template with { CutsStart = IsLeft("truncation_side", "truncation"), FillsStart = IsLeft("padding_side", "padding") };
    }

    /// <summary>Whether tokenizer_config.json names this class, fast or not.</summary>
    public bool HasClass(string name) => ClassName == name;

    /// <summary>Refuses vocabulary files alone that belong to a tokenizer with different rules.</summary>
    /// <param name="supported">The classes, without the ending Fast, whose rules are implemented.</param>
    /// <exception cref="CheckpointException">tokenizer_config.json names another class.</exception>
    public void RequireClass(params string[] supported)
    {
        if (ClassName is not (null or "PreTrainedTokenizer" or "TokenizersBackend" or "AutoTokenizer") && !supported.Contains(ClassName, StringComparer.Ordinal))
            throw Unsupported(Config?.Text("tokenizer_class"), supported);
    }

    /// <summary>Refuses settings of tokenizer_config.json that aren't supported, unless they say what is done anyway.</summary>
    /// <exception cref="CheckpointException">One of them is set.</exception>
    public void RefuseIfSet(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (Config?.Member(name) is { } value && value.IsSet())
                throw new CheckpointException(ConfigPath, $"sets {name} to {value.GetRawText()}, which is not supported.");
        }
    }

    private CheckpointException Unsupported(string? named, string[] supported) =>
        new(ConfigPath, $"names the tokenizer {named}; without a tokenizer.json only {string.Join(", ", supported)} can be built from these files.");

    // tokenizer_config.json decides, then the section of tokenizer.json.
    private bool IsLeft(string setting, string section)
    {
        if (Config?.Member(setting) is { } value)
        {
            return value.ValueKind == JsonValueKind.String && value.GetString() is "left" or "right"
                ? value.GetString() == "left"
                : throw new CheckpointException(ConfigPath, $"sets {setting} to {value.GetRawText()}; only left and right are supported.");
        }
        return Definition?.Member(section)?.Text("direction") switch
        {
            null or "Right" => false,
            "Left" => true,
            var other => throw new CheckpointException(DefinitionPath, $"has the direction '{other}' in its {section}; only Left and Right are supported."),
        };
    }

    // The file that says most about the tokenizer, and what reads it.
    private (string File, Func<TokenizerFolder, string, TokenizerParts> Read) FindKind()
    {
        if (Definition is not null)
            return (DefinitionFile, DefinitionReader.Read);
        if (Has(WordPieceFolder.VocabularyFile))
            return (WordPieceFolder.VocabularyFile, WordPieceFolder.Read);
        if (ByteLevelBpeFolder.HasFiles(this))
            return (ByteLevelBpeFolder.VocabularyFile, ByteLevelBpeFolder.Read);
        if (Has(SentencePieceFolder.ModelFile))
            return (SentencePieceFolder.ModelFile, SentencePieceFolder.Read);
        if (Has(FairseqFolder.ModelFile))
            return (FairseqFolder.ModelFile, FairseqFolder.Read);
        throw new CheckpointException(Path, "holds no tokenizer: it has neither tokenizer.json nor vocab.txt nor vocab.json with merges.txt nor spm.model nor sentencepiece.bpe.model.");
    }
}
