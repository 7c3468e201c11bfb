using System.Collections;

namespace AdaLora.Training.Data;

/// <summary>A sequence whose enumerations run ahead on threads of their own.</summary>
internal class Prefetching<TBatch>(IEnumerable<TBatch> batches, int ahead) : IEnumerable<TBatch>
{
    // A pass begins here and now: sequences count their passes when they are asked for one.
    public IEnumerator<TBatch> GetEnumerator() => new PrefetchingEnumerator<TBatch>(batches.GetEnumerator(), ahead);

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
