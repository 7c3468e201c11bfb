namespace AdaLora.Transformers.Tokenization;

/// <summary>How many tokens each text keeps.</summary>
internal static class Truncation
{
    /// <summary>The lengths after cutting a pair of <paramref name="first"/> and <paramref name="second"/> tokens to at most <paramref name="room"/> in all.</summary>
    public static (int First, int Second) Fit(int first, int second, int room, TruncationStrategy strategy)
    {
        var excess = first + second - room;
        if (excess <= 0)
            return (first, second);
        return strategy switch
        {
            TruncationStrategy.LongestFirst => FitLongestFirst(first, second, room),
            TruncationStrategy.OnlyFirst when first > excess => (first - excess, second),
            TruncationStrategy.OnlySecond when second > excess => (first, second - excess),
            TruncationStrategy.OnlyFirst or TruncationStrategy.OnlySecond => throw new ArgumentException(
                $"{excess} tokens must be removed, but the text to be cut has {(strategy == TruncationStrategy.OnlyFirst ? first : second)}, one of which must stay; choose {nameof(TruncationStrategy.LongestFirst)}."),
            _ => throw new ArgumentOutOfRangeException(nameof(strategy), strategy, "Unknown truncation strategy."),
        };
    }

    // Not a loop that drops one token at a time: on an odd room, that leaves the odd place to the first text, but the fast tokenizers leave it to the second.
    private static (int First, int Second) FitLongestFirst(int first, int second, int room)
    {
        var shorter = Math.Min(first, second);
        var longer = Math.Max(shorter, room - shorter);
        if (shorter + longer > room)
        {
            shorter = room / 2;
            longer = room - shorter;
        }
        // On equal lengths the second text counts as the longer one.
        return first > second ? (longer, shorter) : (shorter, longer);
    }
}
