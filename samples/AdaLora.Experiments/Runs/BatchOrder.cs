namespace AdaLora.Experiments.Runs;

/// <summary>How examples are put into batches.</summary>
internal enum BatchOrder
{
    /// <summary>As they come in a random order.</summary>
    Random,

    /// <summary>
    /// Those of a batch have about equal length, so that there is little padding: batches are cut from stretches of the shuffled examples that are sorted by length, and shuffled again.
    /// </summary>
    SimilarLengths,

    /// <summary>
    /// Those of an optimiser step, which are random, are dealt out so that its batches have about the same number of tokens, and processes that share the step have equal work.
    /// </summary>
    EvenBatches,
}
