namespace AdaLora.Training.Data;

/// <summary>Prepares batches on another thread while the loop computes, for batches of plain data such as arrays of token ids.</summary>
public static class PrefetchedBatches
{
    /// <summary>
    /// The same batches in the same order, with the next few ready before they are asked for. Each enumeration has its own thread, from the first request until the last batch is made
    /// or the enumerator is disposed, which waits for the thread. An exception from the sequence is thrown when the batch in whose place it occurred is requested. If <paramref name="batches"/> is an
    /// <see cref="IResumableBatches{TBatch}"/>, so is the result.
    /// </summary>
    /// <param name="batches">
    /// Batches made without tensors or torch's random numbers: both belong to the loop's thread, and numbers drawn ahead would be missing from a checkpoint. An enumerator is used by only
    /// one thread at a time, but not by the one that created it.
    /// </param>
    /// <param name="ahead">How many batches may be ready; one more may be in preparation.</param>
    /// <exception cref="ArgumentNullException"><paramref name="batches"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="ahead"/> is below 1.</exception>
    public static IEnumerable<TBatch> Of<TBatch>(IEnumerable<TBatch> batches, int ahead = 4)
    {
        ArgumentNullException.ThrowIfNull(batches);
        ArgumentOutOfRangeException.ThrowIfLessThan(ahead, 1);
        return batches is IResumableBatches<TBatch> resumable ? new ResumablePrefetching<TBatch>(resumable, ahead) : new Prefetching<TBatch>(batches, ahead);
    }
}
