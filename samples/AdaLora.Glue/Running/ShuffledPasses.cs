using System.Collections;

namespace AdaLora.Glue;

/// <summary>Training batches: every enumeration is one pass in a new order, which depends on the seed and the number of the pass alone.</summary>
internal sealed class ShuffledPasses(EncodedExamples examples, int batchSize, long seed) : IEnumerable<ExampleBatch>
{
    private int _passes;

    public int BatchesPerPass => (examples.Count + batchSize - 1) / batchSize;

    public IEnumerator<ExampleBatch> GetEnumerator()
    {
        var order = Enumerable.Range(0, examples.Count).ToArray();
        new Random(unchecked((int)((seed * 1_000_003) + _passes++))).Shuffle(order);
        return examples.Batches(order, batchSize).GetEnumerator();
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
