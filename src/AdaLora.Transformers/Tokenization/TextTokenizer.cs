using System.Runtime.ExceptionServices;
using AdaLora.Transformers.Configuration;
namespace AdaLora.Transformers.Tokenization;

/// <summary>
/// Turns text into the token ids a model was trained with, exactly as the fast tokenizers of the checkpoint's origin do. Instances are immutable: any number of threads may
/// encode with one at the same time.
/// </summary>
public abstract class TextTokenizer
{
    private readonly AddedTokenSplitter _splitter;
    private readonly AddedTokenSplitter? _normalizedSplitter;
    private readonly Func<string, string>? _normalize;
    private readonly HashSet<int> _specialIds;

    /// <param name="template">How texts become a row.</param>
    /// <param name="addedTokens">The added tokens.</param>
    /// <param name="padId">The id of padding.</param>
    /// <param name="normalize">What is done to a text before normalised added tokens are looked for; nothing if null.</param>
    private protected TextTokenizer(SequenceTemplate template, IReadOnlyCollection<AddedToken> addedTokens, int padId, Func<string, string>? normalize = null)
    {
        Template = template;
        AddedTokens = addedTokens;
        PadId = padId;
        _splitter = new AddedTokenSplitter(addedTokens.Where(token => !token.IsNormalized));
        _specialIds = [.. addedTokens.Where(token => token.IsSpecial).Select(token => token.Id)];
        _normalize = normalize;
        var normalized = addedTokens.Where(token => token.IsNormalized).Select(token => normalize is null ? token : token with { Content = normalize(token.Content) }).ToList();
        _normalizedSplitter = normalized.Count == 0 ? null : new AddedTokenSplitter(normalized);
    }

    /// <summary>The id that fills rows up to the length of a batch.</summary>
    public int PadId { get; }

    /// <summary>The id of what the vocabulary can't spell, or null if it can spell everything.</summary>
    public abstract int? UnknownId { get; }

    /// <summary>The id of the token that hides another one in masked-language modelling, or null if the vocabulary has none.</summary>
    public abstract int? MaskId { get; }

    /// <summary>The number of ids: one more than the highest.</summary>
    public abstract int VocabularySize { get; }

    private protected SequenceTemplate Template { get; }

    private protected IReadOnlyCollection<AddedToken> AddedTokens { get; }

    /// <summary>
    /// Creates the tokenizer that belongs to a checkpoint, from tokenizer.json, vocab.txt, vocab.json with merges.txt or spm.model, and tokenizer_config.json, special_tokens_map.json and
    /// added_tokens.json as far as they are there.
    /// </summary>
    /// <param name="folder">The checkpoint folder.</param>
    /// <returns>The tokenizer.</returns>
    /// <exception cref="ArgumentException"><paramref name="folder"/> is null or empty.</exception>
    /// <exception cref="CheckpointException">The folder is missing, holds no tokenizer, one of another kind, or a broken one.</exception>
    public static TextTokenizer FromFolder(string folder) => TokenizerFolder.Open(folder).CreateTokenizer();

    /// <summary>Whether an id stands for a special token such as padding, separator or mask.</summary>
    /// <param name="id">The id.</param>
    /// <returns>True for special tokens.</returns>
    public bool IsSpecial(int id) => _specialIds.Contains(id);

    /// <summary>The token an id stands for, as the vocabulary spells it.</summary>
    /// <param name="id">The id.</param>
    /// <returns>The token, or null if no token has this id.</returns>
    public abstract string? GetToken(int id);

    /// <summary>The id of a token, as the vocabulary spells it.</summary>
    /// <param name="token">The token.</param>
    /// <returns>The id, or null if the vocabulary has no such token.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="token"/> is null.</exception>
    public abstract int? GetId(string token);

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
        var first = EncodePlain(text);
        var second = pair is null ? [] : EncodePlain(pair);
        var (firstLength, secondLength) = (first.Length, second.Length);
        if (maxLength is { } limit)
        {
            var room = limit - Template.Overhead(pair is not null);
            if (room < 0)
                throw new ArgumentOutOfRangeException(nameof(maxLength), limit, $"The special tokens alone take {limit - room} places.");
            (firstLength, secondLength) = Truncation.Fit(first.Length, second.Length, room, pair is null ? TruncationStrategy.LongestFirst : truncation);
        }
        return Template.Assemble(first, firstLength, second, secondLength, pair is not null);
    }

    /// <summary>Encodes many texts or pairs of texts on all processors.</summary>
    /// <param name="texts">The texts; the second of each is null for a single text.</param>
    /// <param name="maxLength">The greatest length in tokens, special tokens included, or null for no limit.</param>
    /// <param name="truncation">Which text of a pair is cut to reach <paramref name="maxLength"/>.</param>
    /// <param name="progress">Receives the number of texts done, about a hundred times, in ascending order, by whichever thread is at work.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <returns>What <see cref="Encode"/> gives for each of them, in the same order.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="texts"/> or a first text is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxLength"/> has no room for the special tokens, or <paramref name="truncation"/> is unknown.</exception>
    /// <exception cref="ArgumentException">The one text of a pair that may be cut would lose all its tokens.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public TokenizedText[] EncodeAll(
        IReadOnlyList<(string Text, string? Pair)> texts,
        int? maxLength = null,
        TruncationStrategy truncation = TruncationStrategy.LongestFirst,
        IProgress<int>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        var encoded = new TokenizedText[texts.Count];
        var done = new SharedProgress(texts.Count, progress);
        try
        {
            _ = Parallel.For(0, texts.Count, new ParallelOptions { CancellationToken = cancellation }, i =>
            {
                encoded[i] = Encode(texts[i].Text, texts[i].Pair, maxLength, truncation);
                done.CountOne();
            });
        }
        catch (AggregateException several)
        {
            // Every thread may have met the same fault; the caller hears of the first, as without threads.
            ExceptionDispatchInfo.Throw(several.InnerExceptions[0]);
        }

        return encoded;
    }

    /// <summary>Encodes a text without adding special tokens; those written out in the text are still recognised.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The token ids.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> is null.</exception>
    public int[] EncodePlain(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>(text.Length / 4 + 8);
        _splitter.Split(text, part => AppendPart(part, ids), token => ids.Add(token.Id));
        return [.. ids];
    }

    /// <summary>Pads texts to one length: on the right, or on the left where the tokenizer's files say so (padding_side).</summary>
    /// <param name="texts">The encoded texts, one per row.</param>
    /// <param name="length">The length to pad to, or null for that of the longest text.</param>
    /// <param name="multipleOf">If given, the length is rounded up to a multiple of this.</param>
    /// <returns>The batch.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="texts"/> or one of them is null.</exception>
    /// <exception cref="ArgumentException">There are no texts, one is longer than <paramref name="length"/>, or the batch has more places than an array can hold.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative or <paramref name="multipleOf"/> is below 1.</exception>
    public TokenBatch Pad(IReadOnlyList<TokenizedText> texts, int? length = null, int? multipleOf = null)
    {
        ArgumentNullException.ThrowIfNull(texts);
        if (texts.Count == 0)
            throw new ArgumentException("A batch needs at least one text.", nameof(texts));
        ArgumentOutOfRangeException.ThrowIfNegative(length ?? 0, nameof(length));
        ArgumentOutOfRangeException.ThrowIfLessThan(multipleOf ?? 1, 1, nameof(multipleOf));
        var longest = texts.Max(text => (text ?? throw new ArgumentNullException(nameof(texts), "One of the texts is null.")).Length);
        if (longest > length)
            throw new ArgumentException($"A text of {longest} tokens does not fit a batch of length {length}; encode it with a maxLength.", nameof(texts));
        var (target, step) = (length ?? longest, multipleOf ?? 1);
        var padded = ((long)target + step - 1) / step * step;
        if (padded * texts.Count > Array.MaxLength)
            throw new ArgumentException($"{texts.Count} texts of {padded} tokens each are more than an array can hold.", length is null ? nameof(multipleOf) : nameof(length));
        return new TokenBatch(texts, (int)padded, PadId, Template.FillsStart);
    }

    /// <summary>Encodes texts and pads them to one length in one call.</summary>
    /// <param name="texts">The texts, one per row.</param>
    /// <param name="maxLength">The greatest length in tokens, or null for no limit.</param>
    /// <returns>The batch, padded to its longest text.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="texts"/> or one of them is null.</exception>
    /// <exception cref="ArgumentException">There are no texts.</exception>
    public TokenBatch EncodeBatch(IEnumerable<string> texts, int? maxLength = null)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return Pad([.. texts.Select(text => Encode(text, maxLength: maxLength))]);
    }

    // A stretch without tokens that are looked for literally.
    private void AppendPart(ReadOnlySpan<char> part, List<int> ids)
    {
        if (_normalizedSplitter is null)
            AppendIds(part, ids);
        else
            _normalizedSplitter.Split(_normalize is null ? part : _normalize(part.ToString()), rest => AppendIds(rest, ids), token => ids.Add(token.Id));
    }

    /// <summary>Appends the ids of a stretch of text that holds no added token.</summary>
    private protected abstract void AppendIds(ReadOnlySpan<char> text, List<int> ids);
}
