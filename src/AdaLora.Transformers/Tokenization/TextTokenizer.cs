using System.Runtime.InteropServices;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Tokenization.Decoders;
using AdaLora.Transformers.Tokenization.Files;
using AdaLora.Transformers.Tokenization.Models;
using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization;

/// <summary>
/// Turns text into the token ids a model was trained with, exactly as the fast tokenizers of the checkpoint's origin do. Instances are immutable: any number of threads may
/// encode with one at the same time.
/// </summary>
public sealed partial class TextTokenizer
{
    private readonly TokenizerParts _parts;
    private readonly EncodingPipeline _pipeline;
    private readonly HashSet<int> _specialIds;
    private readonly Dictionary<int, AddedToken> _added = [];

    internal TextTokenizer(TokenizerParts parts)
    {
        _parts = parts;
        _pipeline = new EncodingPipeline(parts.Normalizers, parts.PreTokenizers, parts.Model, parts.Vocabulary.AddedTokens);
        foreach (var token in parts.Vocabulary.AddedTokens)
            _added[token.Id] = token.IsNormalized ? token with { Content = _pipeline.Normalize(token.Content) } : token;
        _specialIds = [.. parts.Vocabulary.AddedTokens.Where(token => token.IsSpecial).Select(token => token.Id)];
    }

    /// <summary>
    /// The id that fills rows up to the length of a batch. If the tokenizer's files name no token for this, it is that of the token at the end of texts, or else 0: which one it is makes no
    /// difference where the mask is 0.
    /// </summary>
    public int PadId => _parts.PadId;

    /// <summary>The id of what the vocabulary can't spell, or null if it can spell everything.</summary>
    public int? UnknownId => _parts.UnknownId;

    /// <summary>The id of the token that hides another one in masked-language modelling, or null if the vocabulary has none.</summary>
    public int? MaskId => _parts.MaskId;

    /// <summary>The number of ids: one more than the highest.</summary>
    public int VocabularySize => _parts.Vocabulary.Size;

    /// <summary>
    /// Creates the tokenizer that belongs to a checkpoint, from tokenizer.json, or if there is none from vocab.txt, vocab.json with merges.txt, spm.model or sentencepiece.bpe.model, and from
    /// tokenizer_config.json, special_tokens_map.json and added_tokens.json as far as they are there.
    /// </summary>
    /// <param name="folder">The checkpoint folder.</param>
    /// <returns>The tokenizer.</returns>
    /// <exception cref="ArgumentException"><paramref name="folder"/> is null or empty.</exception>
    /// <exception cref="CheckpointException">The folder is missing, holds no tokenizer, one that requires something which is not supported, or a broken one.</exception>
    /// <exception cref="PlatformNotSupportedException">Accents are to be stripped and the runtime has no Unicode data.</exception>
    public static TextTokenizer FromFolder(string folder) => TokenizerFolder.Open(folder).CreateTokenizer();

    /// <summary>Creates a WordPiece tokenizer from a vocabulary file with one token per line; the line number is the id.</summary>
    /// <param name="vocabularyFile">The file, usually named vocab.txt.</param>
    /// <param name="settings">How to clean the text; those of uncased BERT if null.</param>
    /// <returns>The tokenizer.</returns>
    /// <exception cref="ArgumentException"><paramref name="vocabularyFile"/> is null or empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The greatest word length is below 1.</exception>
    /// <exception cref="CheckpointException">The file is missing or lacks a special token.</exception>
    /// <exception cref="PlatformNotSupportedException">Accents are to be stripped and the runtime has no Unicode data.</exception>
    public static TextTokenizer FromVocabulary(string vocabularyFile, WordPieceSettings? settings = null) => WordPieceFolder.FromVocabulary(vocabularyFile, settings ?? new WordPieceSettings());

    /// <summary>Whether an id stands for a special token such as padding, separator or mask.</summary>
    /// <param name="id">The id.</param>
    /// <returns>True for special tokens.</returns>
    public bool IsSpecial(int id) => _specialIds.Contains(id);

    /// <summary>The token an id stands for, as the vocabulary spells it.</summary>
    /// <param name="id">The id.</param>
    /// <returns>The token, or null if no token has this id.</returns>
    public string? GetToken(int id) => _parts.Vocabulary.TokenOf(id);

    /// <summary>The id of a token, as the vocabulary spells it.</summary>
    /// <param name="token">The token.</param>
    /// <returns>The id, or null if the vocabulary has no such token.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="token"/> is null.</exception>
    public int? GetId(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return _parts.Vocabulary.IdOf(token);
    }

    /// <summary>Encodes a text or a pair of texts with the special tokens the model expects.</summary>
    /// <param name="text">The text, or the first text of a pair.</param>
    /// <param name="pair">The second text, or null for a single text. An empty second text is still a pair.</param>
    /// <param name="maxLength">The greatest length in tokens, special tokens included, or null for no limit.</param>
    /// <param name="truncation">Which text of a pair is cut to reach <paramref name="maxLength"/>.</param>
    /// <returns>The token ids and type ids.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxLength"/> has no room for the special tokens, or <paramref name="truncation"/> is unknown.</exception>
    /// <exception cref="ArgumentException">The one text that may be cut would lose all its tokens.</exception>
    public TokenizedText Encode(string text, string? pair = null, int? maxLength = null, TruncationStrategy truncation = TruncationStrategy.LongestFirst)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!Enum.IsDefined(truncation))
            throw new ArgumentOutOfRangeException(nameof(truncation), truncation, "Unknown truncation strategy.");
        var work = Workspace.Rent();
        var first = Tokens(work, text, _parts.SplitsSpecialTokens, work.First);
        var second = pair is null ? [] : Tokens(work, pair, _parts.SplitsSpecialTokens, work.Second);
        var frame = _parts.Template.Frame(pair is not null, addsSpecialTokens: true);
        var (firstLength, secondLength) = Fit(first.Length, second.Length, pair is not null, frame, maxLength, truncation);
        var row = frame.Assemble(Cut(first, firstLength), Cut(second, secondLength), withPlaces: false);
        work.Return();
        return new TokenizedText(row.Ids, row.TypeIds);
    }

    /// <summary>Encodes a text or a pair of texts, and says where each token comes from. What is cut off from a text that is too long comes in further windows.</summary>
    /// <param name="text">The text, or the first text of a pair.</param>
    /// <param name="pair">The second text, or null for a single text. An empty second text is still a pair.</param>
    /// <param name="options">How to encode; the defaults if null.</param>
    /// <returns>The tokens of the first window, with the further ones in <see cref="AlignedTokens.Overflow"/>.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <see cref="EncodingOptions.MaxLength"/> has no room for the special tokens, <see cref="EncodingOptions.Stride"/> is negative or leaves no room for anything new in
    /// a window, or an option has an unknown value.
    /// </exception>
    /// <exception cref="ArgumentException">The one text that may be cut would lose all its tokens.</exception>
    public AlignedTokens EncodeAligned(string text, string? pair = null, EncodingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        options ??= new EncodingOptions();
        options.Validate();
        var specialAsText = options.SpecialTokensInText is { } treatment ? treatment == SpecialTokensInText.AreText : _parts.SplitsSpecialTokens;
        var work = Workspace.Rent();
        var first = Tokens(work, text, specialAsText, work.First).ToArray();
        var second = pair is null ? [] : Tokens(work, pair, specialAsText, work.Second).ToArray();
        work.Return();
        var frame = _parts.Template.Frame(pair is not null, options.AddSpecialTokens);
        var (firstLength, secondLength) = Fit(first.Length, second.Length, pair is not null, frame, options.MaxLength, options.Truncation);
        var firstWindows = TextWindows.Of(first.Length, firstLength, options.Stride, _parts.Template.CutsStart);
        var secondWindows = TextWindows.Of(second.Length, secondLength, options.Stride, _parts.Template.CutsStart);
        CodePoints[] texts = [new CodePoints(text), new CodePoints(pair ?? "")];
        var overflow = new List<AlignedTokens>();
        // As the reference orders them: the further windows of the first text with each of the second, then the first with the further ones of the second.
        foreach (var window in firstWindows.Skip(1))
            overflow.AddRange(secondWindows.Select(other => Window(window, other, [])));
        overflow.AddRange(secondWindows.Skip(1).Select(other => Window(firstWindows[0], other, [])));
        return Window(firstWindows[0], secondWindows[0], overflow);

        AlignedTokens Window(Range ofFirst, Range ofSecond, IReadOnlyList<AlignedTokens> further)
        {
            // In the reference, types that the frame sets don't reach further windows of a text: there, those of the second text are 1.
            var typed = _parts.Template.HasNoTypes
                ? frame
                : frame with { FirstType = ofFirst.Equals(firstWindows[0]) ? frame.FirstType : 0, SecondType = ofSecond.Equals(secondWindows[0]) ? frame.SecondType : 1 };
            return new AlignedTokens(typed.Assemble(Trimmed(first[ofFirst], text), Trimmed(second[ofSecond], pair), withPlaces: true), texts, Spell, further);
        }
    }

    /// <summary>Encodes a text without adding special tokens; those written out in the text are still recognised, unless the tokenizer's files say otherwise (split_special_tokens).</summary>
    /// <param name="text">The text.</param>
    /// <returns>The token ids.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> is null.</exception>
    public int[] EncodePlain(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var work = Workspace.Rent();
        var tokens = Tokens(work, text, _parts.SplitsSpecialTokens, work.First);
        var ids = new int[tokens.Length];
        for (var i = 0; i < ids.Length; i++)
            ids[i] = tokens[i].Id;
        work.Return();
        return ids;
    }

    /// <summary>The text that tokens stand for.</summary>
    /// <param name="ids">The token ids; ids that no token has are left out.</param>
    /// <param name="skipSpecialTokens">Whether special tokens are left out.</param>
    /// <returns>The text, without spaces before punctuation if the tokenizer's files say so (clean_up_tokenization_spaces). Bytes that are no characters become U+FFFD.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="ids"/> is null.</exception>
    public string Decode(IEnumerable<int> ids, bool skipSpecialTokens = false)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var text = Join(ids, skipSpecialTokens, _parts.Decoders);
        return _parts.CleansUpSpaces ? SpaceCleanUp.OfText(text) : text;
    }

    /// <summary>Begins to decode tokens one by one, as a model generates them.</summary>
    /// <param name="skipSpecialTokens">Whether special tokens are left out.</param>
    /// <returns>The decoder.</returns>
    public TokenStreamDecoder DecodeStream(bool skipSpecialTokens = true)
    {
        var decoders = _parts.Decoders?.Select(decoder => decoder.InStream).ToList();
        return new TokenStreamDecoder(ids => Join(ids, skipSpecialTokens, decoders), _parts.CleansUpSpaces);
    }

    private ReadOnlySpan<PlacedToken> Tokens(Workspace work, string text, bool specialAsText, List<PlacedToken> tokens)
    {
        _pipeline.Encode(work, text, specialAsText, tokens);
        return CollectionsMarshal.AsSpan(tokens);
    }

    private static (int First, int Second) Fit(int first, int second, bool isPair, SequenceFrame frame, int? maxLength, TruncationStrategy truncation)
    {
        if (maxLength is not { } limit)
            return (first, second);
        var room = limit - frame.Overhead;
        if (room < 0)
            throw new ArgumentOutOfRangeException(nameof(maxLength), limit, $"The special tokens alone take {limit - room} places.");
        return Truncation.Fit(first, second, room, isPair ? truncation : TruncationStrategy.LongestFirst);
    }

    private ReadOnlySpan<PlacedToken> Cut(ReadOnlySpan<PlacedToken> text, int length) => _parts.Template.CutsStart ? text[^length..] : text[..length];

    private PlacedToken[] Trimmed(PlacedToken[] tokens, string? text)
    {
        if (_parts.Template.Trimming is { } trimming)
        {
            for (var i = 0; i < tokens.Length; i++)
                tokens[i] = trimming.Trim(tokens[i], tokens[i].IsLiteral ? text.AsSpan(tokens[i].Start, tokens[i].End - tokens[i].Start) : GetToken(tokens[i].Id), i == 0);
        }

        return tokens;
    }

    private string Spell(PlacedToken token, string? text)
    {
        // Of what is unknown, unigram models keep the text.
        if (text is null || !(token.IsLiteral || (_parts.Model is UnigramModel && token.Id == UnknownId)))
            return GetToken(token.Id) ?? "";
        var found = text[token.Start..token.End];
        return _added.TryGetValue(token.Id, out var added) && !added.IsNormalized ? found : _pipeline.Normalize(found);
    }

    private string Join(IEnumerable<int> ids, bool skipSpecialTokens, IReadOnlyList<TokenDecoder>? decoders)
    {
        var tokens = ids.Where(id => !skipSpecialTokens || !IsSpecial(id)).Select(id => _added.TryGetValue(id, out var added) ? added.Content : GetToken(id)).OfType<string>().ToList();
        if (decoders is null)
            return string.Join(' ', tokens);
        foreach (var decoder in decoders)
            tokens = decoder.Decode(tokens);
        return string.Concat(tokens);
    }
}
