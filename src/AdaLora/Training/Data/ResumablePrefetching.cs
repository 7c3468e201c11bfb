namespace AdaLora.Training.Data;

/// <summary>A sequence that can start anywhere, and runs ahead from there.</summary>
internal sealed class ResumablePrefetching<TBatch>(IResumableBatches<TBatch> batches, int ahead) : Prefetching<TBatch>(batches, ahead), IResumableBatches<TBatch>
{
    private readonly IResumableBatches<TBatch> _batches = batches;
    private readonly int _ahead = ahead;

    public IEnumerable<TBatch> Resume(int pass, long first) => new Prefetching<TBatch>(_batches.Resume(pass, first), _ahead);
}
