using System.Text;
using AdaLora.Internals;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Tokenization.Decoders;
using AdaLora.Transformers.Tokenization.Models;
using AdaLora.Transformers.Tokenization.Normalizers;
using AdaLora.Transformers.Tokenization.Pipeline;
using AdaLora.Transformers.Tokenization.PreTokenizers;

namespace AdaLora.Transformers.Tokenization.Files;

/// <summary>Reads a WordPiece tokenizer from vocab.txt, where there is no tokenizer.json.</summary>
internal static class WordPieceFolder
{
    public const string VocabularyFile = "vocab.txt";

    public static TokenizerParts Read(TokenizerFolder folder, string source)
    {
        folder.RequireClass("BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "ConvBertTokenizer", "MobileBertTokenizer", "SqueezeBertTokenizer");
        var defaults = new WordPieceSettings();
        var settings = new WordPieceSettings
        {
            LowerCase = folder.Flag("do_lower_case") ?? defaults.LowerCase,
            StripAccents = folder.Flag("strip_accents"),
            SeparateIdeographs = folder.Flag("tokenize_chinese_chars") ?? defaults.SeparateIdeographs,
            UnknownToken = folder.SpecialToken("unk_token") ?? defaults.UnknownToken,
            PadToken = folder.PadToken ?? defaults.PadToken,
            StartToken = folder.SpecialToken("cls_token") ?? defaults.StartToken,
            SeparatorToken = folder.SpecialToken("sep_token") ?? defaults.SeparatorToken,
            MaskToken = folder.SpecialToken("mask_token") ?? defaults.MaskToken,
        };
        var tokens = ReadVocabulary(source);
        var vocabulary = new Vocabulary(tokens, AddedTokenReader.Read(folder, tokens, settings.Names.Tokens));
        return Parts(settings, vocabulary, folder.Template(vocabulary, () => Frame(settings, vocabulary))) with
        {
            CleansUpSpaces = folder.CleansUpSpaces,
            SplitsSpecialTokens = folder.SplitsSpecialTokens,
        };
    }

    /// <summary>The tokenizer of a vocabulary alone.</summary>
    /// <exception cref="CheckpointException">The file is missing or lacks a special token.</exception>
    public static TextTokenizer FromVocabulary(string file, WordPieceSettings settings)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        if (!File.Exists(file))
            throw new CheckpointException(file, "does not exist; a WordPiece tokenizer needs its vocabulary.");
        try
        {
            var tokens = ReadVocabulary(file);
            var vocabulary = new Vocabulary(tokens, [.. settings.Names.Tokens.Where(token => tokens.ContainsKey(token.Content)).Select(token => token with { Id = tokens[token.Content] })]);
            return new TextTokenizer(Parts(settings, vocabulary, Frame(settings, vocabulary)));
        }
        catch (Exception exception) when (exception is KeyNotFoundException or InvalidDataException)
        {
            throw new CheckpointException(file, exception.Message, exception);
        }
    }

    private static TokenizerParts Parts(WordPieceSettings settings, Vocabulary vocabulary, SequenceTemplate template)
    {
        if (settings.MaxWordLength < 1)
            throw new ArgumentOutOfRangeException(nameof(settings), settings.MaxWordLength, "The maximum word length must be at least 1.");
        var unknownId = vocabulary.Require(settings.UnknownToken);
        return new TokenizerParts
        {
            Normalizers = [new BertNormalizer(settings.LowerCase, settings.StripAccents ?? settings.LowerCase, settings.SeparateIdeographs, settings.CleanText)],
            PreTokenizers = [new BertCutter()],
            Model = new WordPieceModel(vocabulary.Tokens, unknownId, settings.ContinuationPrefix, settings.MaxWordLength),
            Vocabulary = vocabulary,
            Template = template,
            Decoders = [new WordPieceDecoder(settings.ContinuationPrefix, cleansUp: true)],
            PadId = vocabulary.Require(settings.PadToken),
            UnknownId = unknownId,
            MaskId = vocabulary.IdOf(settings.MaskToken),
        };
    }

    private static SequenceTemplate Frame(WordPieceSettings settings, Vocabulary vocabulary) =>
        SequenceTemplate.Bert(vocabulary.Require(settings.StartToken), vocabulary.Require(settings.SeparatorToken));

    private static Dictionary<string, int> ReadVocabulary(string file)
    {
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        var id = 0;
        RegularFile.Require(file);
        foreach (var line in File.ReadLines(file, Encoding.UTF8))
            vocabulary[line.TrimEnd()] = id++;
        return vocabulary;
    }
}
