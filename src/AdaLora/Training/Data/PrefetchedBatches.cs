namespace AdaLora.Training.Data;

/// <summary>Prepares batches on another thread while the loop computes, for batches that are plain data such as arrays of token ids.</summary>
public static class PrefetchedBatches
{
    /// <summary>
    /// The same batches in the same order, the next few of them ready before they are asked for. Each enumeration has a thread of its own, from the first batch that is asked for until the last one is made
    /// or the enumerator is disposed, which waits for the thread. An exception of the sequence arrives where the batch that it took the place of is asked for. If <paramref name="batches"/> are
    /// <see cref="IResumableBatches{TBatch}"/>, so is the result.
    /// </summary>
    /// <param name="batches">
    /// Batches that are made without tensors and without torch's random numbers: both belong to the thread of the loop, and numbers drawn ahead would be lost to a checkpoint. Only one thread at a time
    /// uses an enumerator, but not the one that made it.
    /// </param>
    /// <param name="ahead">How many batches may lie ready; one more may be in the making.</param>
    /// <exception cref="ArgumentNullException"><paramref name="batches"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="ahead"/> is below 1.</exception>
    public static IEnumerable<TBatch> Of<TBatch>(IEnumerable<TBatch> batches, int ahead = 4)
    {
        ArgumentNullException.ThrowIfNull(batches);
        ArgumentOutOfRangeException.ThrowIfLessThan(ahead, 1);
        return batches is IResumableBatches<TBatch> resumable ? new ResumablePrefetching<TBatch>(resumable, ahead) : new Prefetching<TBatch>(batches, ahead);
    }
}
