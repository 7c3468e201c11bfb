using System.Collections;

namespace AdaLora.Training.Data;

/// <summary>A sequence whose enumerations run ahead on their own threads.</summary>
internal class Prefetching<TBatch>(IEnumerable<TBatch> batches, int ahead) : IEnumerable<TBatch>
{
    // An epoch begins right here: sequences count their epochs when an enumerator is requested.
    public IEnumerator<TBatch> GetEnumerator() => new PrefetchingEnumerator<TBatch>(batches.GetEnumerator(), ahead);

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
