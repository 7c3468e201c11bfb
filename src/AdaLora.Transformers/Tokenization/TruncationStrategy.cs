namespace AdaLora.Transformers.Tokenization;

/// <summary>
/// Which text loses tokens when a pair is longer than allowed. A single text is always the one that is cut. Texts are cut at their ends, or at their beginnings where the tokenizer's files
/// say so (truncation_side).
/// </summary>
public enum TruncationStrategy
{
    /// <summary>The longer text is cut until both are of equal length, then both are cut to half of the room; an odd place goes to the second text.</summary>
    LongestFirst,

    /// <summary>Only the first text is cut; at least one token of it stays.</summary>
    OnlyFirst,

    /// <summary>Only the second text is cut; at least one token of it stays.</summary>
    OnlySecond,
}
