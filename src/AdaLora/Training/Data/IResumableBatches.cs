namespace AdaLora.Training.Data;

/// <summary>
/// Batches that can start anywhere. A resumed training continues from its position; with any other sequence it reloads, and discards, everything it has already seen.
/// </summary>
public interface IResumableBatches<TBatch> : IEnumerable<TBatch>
{
    /// <summary>The rest of an epoch, in the order it has in a training that was never interrupted. Later enumerations are the next epochs.</summary>
    /// <param name="pass">The epoch, counted from 1.</param>
    /// <param name="first">Batches of the epoch to skip, from 0 to all of them.</param>
    IEnumerable<TBatch> Resume(int pass, long first);
}
