namespace AdaLora.Transformers.Texts;

/// <summary>A text that a language model is trained on: its tokens, and which of them count in the loss.</summary>
public sealed class TrainingText
{
    private readonly int[] _ids;
    private readonly bool[]? _counted;

    /// <summary>Creates a text.</summary>
    /// <param name="ids">The token ids, at least one.</param>
    /// <param name="counted">Which of them count in the loss; null for all. The first one never counts, as nothing precedes it.</param>
    /// <exception cref="ArgumentNullException"><paramref name="ids"/> is null.</exception>
    /// <exception cref="ArgumentException">There are no tokens, one has a negative id, or there are not as many flags.</exception>
    public TrainingText(IReadOnlyList<int> ids, IReadOnlyList<bool>? counted = null)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if (ids.Count == 0)
            throw new ArgumentException("A text needs at least one token.", nameof(ids));
        if (ids.Any(id => id < 0))
            throw new ArgumentException("A token id is negative.", nameof(ids));
        if (counted is not null && counted.Count != ids.Count)
            throw new ArgumentException($"There are {counted.Count} flags for {ids.Count} tokens.", nameof(counted));
        (_ids, _counted) = ([.. ids], counted?.ToArray());
        CountedTokens = _counted is null ? _ids.Length - 1 : _counted.Skip(1).Count(counts => counts);
    }

    /// <summary>The token ids.</summary>
    public IReadOnlyList<int> Ids => _ids;

    /// <summary>The number of tokens.</summary>
    public int Length => _ids.Length;

    /// <summary>The number of tokens that count in the loss.</summary>
    public int CountedTokens { get; }

    /// <summary>Whether a token counts in the loss.</summary>
    /// <param name="token">Its number, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such token.</exception>
    public bool Counts(int token)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(token);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(token, _ids.Length);
        return token > 0 && (_counted is null || _counted[token]);
    }

    /// <summary>The beginning of the text.</summary>
    /// <param name="length">The greatest number of tokens, at least 1.</param>
    /// <returns>The text itself if it is not longer.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is below 1.</exception>
    public TrainingText Truncated(int length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        return length >= _ids.Length ? this : new TrainingText(_ids[..length], _counted?[..length]);
    }
}
