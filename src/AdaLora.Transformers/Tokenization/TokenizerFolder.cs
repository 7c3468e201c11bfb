using System.Text.Json;
using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Tokenization;

/// <summary>The tokenizer files of a checkpoint folder, and what all of them say.</summary>
internal sealed class TokenizerFolder
{
    private const string DefinitionFile = "tokenizer.json";
    private const string FairseqModel = "sentencepiece.bpe.model";

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

    /// <summary>The kind of model in tokenizer.json, such as WordPiece, or null.</summary>
    public string? ModelType => Definition?.Member("model")?.Text("type");

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
            return create(this, File(file));
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
        RefuseIfSet("split_special_tokens");
        var template = Definition is { } definition ? new FrameReader(vocabulary, DefinitionPath).Read(definition) : own();
        if (Config?.Member("model_input_names") is { ValueKind: JsonValueKind.Array } inputs
            && inputs.EnumerateArray().All(name => name.ValueKind != JsonValueKind.String || name.GetString() != "token_type_ids"))
        {
            template = template.WithoutTypes();
        }

        return template with { CutsStart = IsLeft("truncation_side", "truncation"), FillsStart = IsLeft("padding_side", "padding") };
    }

    /// <summary>Refuses vocabulary files alone that belong to a tokenizer with different rules.</summary>
    /// <param name="supported">The classes, without the ending Fast, whose rules are implemented.</param>
    /// <exception cref="CheckpointException">tokenizer_config.json names another class.</exception>
    public void RequireClass(params string[] supported)
    {
        if (Config?.Text("tokenizer_class") is not { } named)
            return;
        var kind = named.EndsWith("Fast", StringComparison.Ordinal) ? named[..^4] : named;
        if (kind is not ("PreTrainedTokenizer" or "TokenizersBackend" or "AutoTokenizer") && !supported.Contains(kind, StringComparer.Ordinal))
            throw new CheckpointException(ConfigPath, $"names the tokenizer {named}; without a tokenizer.json only {string.Join(", ", supported)} can be built from these files.");
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

    // The file that says most about the tokenizer, and what creates a tokenizer from it.
    private (string File, Func<TokenizerFolder, string, TextTokenizer> Create) FindKind()
    {
        if (ModelType == "WordPiece" || (ModelType is null && Has(WordPieceFolder.VocabularyFile)))
            return (Definition is null ? WordPieceFolder.VocabularyFile : DefinitionFile, WordPieceFolder.Create);
        if (ModelType == "BPE" || (ModelType is null && ByteLevelBpeFolder.HasFiles(this)))
            return (Definition is null ? ByteLevelBpeFolder.VocabularyFile : DefinitionFile, ByteLevelBpeFolder.Create);
        if ((ModelType is null or "Unigram") && Has(SentencePieceFolder.ModelFile))
            return (SentencePieceFolder.ModelFile, SentencePieceFolder.Create);
        if (Has(FairseqModel))
            throw new CheckpointException(File(FairseqModel), "is the tokenizer of XLM-RoBERTa, which is not supported; its encoder is. Tokenize the texts elsewhere and pass the ids to the model.");
        throw ModelType is { } type
            ? new CheckpointException(File(DefinitionFile), $"describes a tokenizer of type {type}; only WordPiece, byte-level BPE, and Unigram with its spm.model are supported.")
            : new CheckpointException(Path, "holds no tokenizer: it has neither tokenizer.json nor vocab.txt nor vocab.json with merges.txt nor spm.model.");
    }
}
