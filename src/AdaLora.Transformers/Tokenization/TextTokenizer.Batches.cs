using System.Runtime.ExceptionServices;

namespace AdaLora.Transformers.Tokenization;

/// <content>Many texts at once.</content>
public sealed partial class TextTokenizer
{
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
        return InParallel(texts, (text, pair) => Encode(text, pair, maxLength, truncation), progress, cancellation);
    }

    /// <summary>Encodes many texts or pairs of texts on all processors, and says where each token comes from.</summary>
    /// <param name="texts">The texts; the second of each is null for a single text.</param>
    /// <param name="options">How to encode; the defaults if null.</param>
    /// <param name="progress">Receives the number of texts done, about a hundred times, in ascending order, by whichever thread is at work.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <returns>What <see cref="EncodeAligned"/> gives for each of them, in the same order.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="texts"/> or a first text is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range, as for <see cref="EncodeAligned"/>.</exception>
    /// <exception cref="ArgumentException">The one text of a pair that may be cut would lose all its tokens.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public AlignedTokens[] EncodeAllAligned(
        IReadOnlyList<(string Text, string? Pair)> texts, EncodingOptions? options = null, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return InParallel(texts, (text, pair) => EncodeAligned(text, pair, options), progress, cancellation);
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
        return new TokenBatch(texts, (int)padded, PadId, _parts.Template.FillsStart);
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

    private static T[] InParallel<T>(IReadOnlyList<(string Text, string? Pair)> texts, Func<string, string?, T> encode, IProgress<int>? progress, CancellationToken cancellation)
    {
        var encoded = new T[texts.Count];
        var done = new SharedProgress(texts.Count, progress);
        try
        {
            _ = Parallel.For(0, texts.Count, new ParallelOptions { CancellationToken = cancellation }, i =>
            {
                encoded[i] = encode(texts[i].Text, texts[i].Pair);
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
}
