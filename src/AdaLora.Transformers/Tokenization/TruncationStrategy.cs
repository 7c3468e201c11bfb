namespace AdaLora.Transformers.Tokenization;

/// <summary>Which text loses tokens when a pair is longer than allowed. A single text is always cut at its end.</summary>
public enum TruncationStrategy
{
    /// <summary>The longer text is cut until both are of equal length, then both are cut to half of the room; an odd place goes to the second text.</summary>
    LongestFirst,

    /// <summary>Only the first text is cut.</summary>
    OnlyFirst,

    /// <summary>Only the second text is cut.</summary>
    OnlySecond,
}
