namespace AdaLora.Training.Data;

/// <summary>
/// Batches that can begin anywhere. A training that is resumed takes them from where it stood; of any other sequence it loads again, and throws away, everything that it has seen.
/// </summary>
public interface IResumableBatches<TBatch> : IEnumerable<TBatch>
{
    /// <summary>The rest of a pass, in the order that the pass has in a training that was never interrupted. Enumerations that follow are the next passes.</summary>
    /// <param name="pass">The pass, counted from 1.</param>
    /// <param name="first">Batches of the pass to leave out, from 0 to all of them.</param>
    IEnumerable<TBatch> Resume(int pass, long first);
}
