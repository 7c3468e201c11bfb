namespace AdaLora.Transformers.Tokenization.PreTokenizers;

/// <summary>What becomes of the delimiters at which a text is cut.</summary>
internal enum SplitBehavior
{
    /// <summary>They are dropped.</summary>
    Removed,

    /// <summary>Each is a piece of its own.</summary>
    Isolated,

    /// <summary>They belong to what is before them.</summary>
    MergedWithPrevious,

    /// <summary>They belong to what is after them.</summary>
    MergedWithNext,

    /// <summary>Neighbouring ones are one piece.</summary>
    Contiguous,
}
