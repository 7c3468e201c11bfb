using System.Text.Json;
using AdaLora.Transformers.Checkpoints;

namespace AdaLora.Transformers.Tokenization;

/// <summary>The tokenizer's files of a checkpoint folder, and what they say in common.</summary>
internal sealed class TokenizerFolder
{
    private const string DefinitionFile = "tokenizer.json";
    private const string FairseqModel = "sentencepiece.bpe.model";

    private readonly JsonElement? _config;
    private readonly JsonElement? _specialTokens;

    private TokenizerFolder(string path)
    {
        Path = path;
        Definition = JsonFile.ReadIfThere(File(DefinitionFile));
        _config = JsonFile.ReadIfThere(File("tokenizer_config.json"));
        _specialTokens = JsonFile.ReadIfThere(File("special_tokens_map.json"));
    }

    public string Path { get; }

    /// <summary>tokenizer.json: the whole definition of a fast tokenizer.</summary>
    public JsonElement? Definition { get; }

    /// <summary>The kind of model in tokenizer.json, such as WordPiece, or null.</summary>
    public string? ModelType => Definition?.Member("model")?.Text("type");

    public static TokenizerFolder Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Directory.Exists(path) ? new TokenizerFolder(path) : throw new CheckpointException(path, "is no folder; give the folder of a checkpoint.");
    }

    /// <exception cref="CheckpointException">There is no tokenizer, or its files are broken, contradict each other or ask for something that isn't supported.</exception>
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
    public bool? Flag(string name) => _config?.Flag(name);

    /// <summary>A special token such as cls_token; the files give it as text or as an object with its content.</summary>
    public string? SpecialToken(string name)
    {
        foreach (var file in new[] { _config, _specialTokens })
        {
            if (file?.Text(name) is { } text)
                return text;
            if (file?.Member(name)?.Text("content") is { } content)
                return content;
        }
        return null;
    }

    /// <summary>The ids of added_tokens.json by token; none if there is no such file.</summary>
    public Dictionary<string, int> ExtraTokens()
    {
        const string Name = "added_tokens.json";
        var tokens = new Dictionary<string, int>(StringComparer.Ordinal);
        if (JsonFile.ReadIfThere(File(Name)) is not { } table)
            return tokens;
        foreach (var entry in table.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetInt32(out var id) || id < 0)
                throw new CheckpointException(File(Name), $"gives the token '{entry.Name}' an id that is no whole number.");
            tokens[entry.Name] = id;
        }

        return tokens;
    }

    /// <summary>The added tokens of tokenizer.json that stand for themselves, or null if there is no such file.</summary>
    public List<AddedToken>? AddedTokens()
    {
        if (Definition?.Member("added_tokens") is not { ValueKind: JsonValueKind.Array } list)
            return null;
        var tokens = new List<AddedToken>();
        foreach (var entry in list.EnumerateArray())
        {
            if (entry.Text("content") is not { } content || entry.Member("id") is not { ValueKind: JsonValueKind.Number } id || !id.TryGetInt32(out var number) || number < 0)
                throw new CheckpointException(File(DefinitionFile), "has an added token without content or id.");
            tokens.Add(new AddedToken(content, number, entry.Flag("lstrip") ?? false, entry.Flag("rstrip") ?? false, entry.Flag("single_word") ?? false));
        }
        return tokens;
    }

    // The file that tells most about the tokenizer, and what makes one of it.
    private (string File, Func<TokenizerFolder, string, TextTokenizer> Create) FindKind()
    {
        if (ModelType == "WordPiece" || (ModelType is null && Has("vocab.txt")))
            return (Definition is null ? "vocab.txt" : DefinitionFile, WordPieceFolder.Create);
        if (ModelType == "BPE" || (ModelType is null && ByteLevelBpeFolder.HasFiles(this)))
            return (Definition is null ? ByteLevelBpeFolder.VocabularyFile : DefinitionFile, ByteLevelBpeFolder.Create);
        if ((ModelType is null or "Unigram") && Has(SentencePieceFolder.ModelFile))
            return (SentencePieceFolder.ModelFile, SentencePieceFolder.Create);
        if (Has(FairseqModel))
            throw new CheckpointException(File(FairseqModel), "is the tokenizer of XLM-RoBERTa, which is not supported; its encoder is. Tokenize the texts elsewhere and give the ids to the model.");
        throw ModelType is { } type
            ? new CheckpointException(File(DefinitionFile), $"describes a tokenizer of type {type}; WordPiece, byte-level BPE, and Unigram with its spm.model are supported.")
            : new CheckpointException(Path, "holds no tokenizer: neither tokenizer.json nor vocab.txt nor vocab.json with merges.txt nor spm.model is there.");
    }
}
