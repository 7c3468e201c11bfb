using System.Text;
using AdaLora.Internals;
using AdaLora.Transformers.Configuration;
using Microsoft.ML.Tokenizers;

namespace AdaLora.Transformers.Tokenization;

/// <summary>
/// BERT's tokenizer: words are cut greedily into the longest pieces of the vocabulary. The pieces come from Microsoft.ML.Tokenizers; cleaning, splitting into words, special
/// tokens and the length limit in code points are done here, because the library differs there from the reference.
/// </summary>
public sealed class WordPieceTextTokenizer : TextTokenizer
{
    private const int MaxWordLengthLimit = 4096;

    private readonly Vocabulary _vocabulary;
    private readonly WordPieceTokenizer _pieces;
    private readonly BertWordSplitter _splitter;
    private readonly int _maxWordLength;
    private readonly int _unknownId;

    internal WordPieceTextTokenizer(Vocabulary vocabulary, WordPieceSettings settings, SequenceTemplate template)
        : this(vocabulary, settings, template, CreateSplitter(settings))
    {
    }

    private WordPieceTextTokenizer(Vocabulary vocabulary, WordPieceSettings settings, SequenceTemplate template, BertWordSplitter splitter)
        : base(template, vocabulary.AddedTokens, vocabulary.Require(settings.PadToken), text => splitter.Normalize(text))
    {
        if (settings.MaxWordLength is < 1 or > MaxWordLengthLimit)
            throw new ArgumentOutOfRangeException(nameof(settings), settings.MaxWordLength, $"The maximum word length must be between 1 and {MaxWordLengthLimit}.");
        _vocabulary = vocabulary;
        _maxWordLength = settings.MaxWordLength;
        _unknownId = vocabulary.Require(settings.UnknownToken);
        MaskId = vocabulary.IdOf(settings.MaskToken);
        _splitter = splitter;
        _pieces = CreatePieces(settings);
    }

    /// <inheritdoc/>
    public override int? UnknownId => _unknownId;

    /// <inheritdoc/>
    public override int? MaskId { get; }

    /// <inheritdoc/>
    public override int VocabularySize => _vocabulary.Size;

    /// <summary>Creates a tokenizer from a vocabulary file with one token per line; the line number is the id.</summary>
    /// <param name="vocabularyFile">The file, usually named vocab.txt.</param>
    /// <param name="settings">How to clean the text; those of uncased BERT if null.</param>
    /// <returns>The tokenizer.</returns>
    /// <exception cref="ArgumentException"><paramref name="vocabularyFile"/> is null or empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The greatest word length is below 1 or above 4096.</exception>
    /// <exception cref="CheckpointException">The file is missing or lacks a special token.</exception>
    /// <exception cref="PlatformNotSupportedException">Accents are to be stripped and the runtime has no Unicode data.</exception>
    public static WordPieceTextTokenizer FromVocabulary(string vocabularyFile, WordPieceSettings? settings = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(vocabularyFile);
        if (!File.Exists(vocabularyFile))
            throw new CheckpointException(vocabularyFile, "does not exist; a WordPiece tokenizer needs its vocabulary.");
        try
        {
            settings ??= new WordPieceSettings();
            var tokens = ReadVocabulary(vocabularyFile);
            var vocabulary = new Vocabulary(tokens, [.. settings.SpecialTokens.Where(token => tokens.ContainsKey(token.Content)).Select(token => token with { Id = tokens[token.Content] })]);
            return new WordPieceTextTokenizer(vocabulary, settings, settings.Frame(vocabulary));
        }
        catch (Exception exception) when (exception is KeyNotFoundException or InvalidDataException)
        {
            throw new CheckpointException(vocabularyFile, exception.Message, exception);
        }
    }

    /// <inheritdoc/>
    public override string? GetToken(int id) => _vocabulary.TokenOf(id);

    /// <inheritdoc/>
    public override int? GetId(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return _vocabulary.IdOf(token);
    }

    internal static Dictionary<string, int> ReadVocabulary(string file)
    {
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        var id = 0;
        RegularFile.Require(file);
        foreach (var line in File.ReadLines(file, Encoding.UTF8))
            vocabulary[line.TrimEnd()] = id++;
        return vocabulary;
    }

    private protected override void AppendIds(ReadOnlySpan<char> text, List<int> ids) => _splitter.Split(text, (word, codePoints) =>
    {
        if (codePoints > _maxWordLength)
            ids.Add(_unknownId);
        else
            ids.AddRange(_pieces.EncodeToIds(word, considerPreTokenization: false, considerNormalization: false));
    });

    // The library wants a file with one token per line, counts UTF-16 units and keeps a buffer of the greatest word length on the stack.
    // Words are spelled with the model's own tokens only, not with added ones.
    private WordPieceTokenizer CreatePieces(WordPieceSettings settings)
    {
        var tokens = new string?[_vocabulary.Size];
        foreach (var (token, id) in _vocabulary.Tokens)
            tokens[id] = token;
        tokens[_unknownId] ??= settings.UnknownToken;
        var lines = new StringBuilder();
        for (var id = 0; id < tokens.Length; id++)
            _ = lines.Append(tokens[id] ?? $"\u0000unused{id}").Append('\n');
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(lines.ToString()));
        return WordPieceTokenizer.Create(stream, new WordPieceOptions
        {
            UnknownToken = settings.UnknownToken,
            ContinuingSubwordPrefix = settings.ContinuationPrefix,
            MaxInputCharsPerWord = 2 * settings.MaxWordLength,
        });
    }

    private static BertWordSplitter CreateSplitter(WordPieceSettings settings)
    {
        var stripAccents = settings.StripAccents ?? settings.LowerCase;
        if (stripAccents)
            BertWordSplitter.RequireUnicodeData();
        return new BertWordSplitter(settings.LowerCase, stripAccents, settings.SeparateIdeographs, settings.CleanText);
    }
}
