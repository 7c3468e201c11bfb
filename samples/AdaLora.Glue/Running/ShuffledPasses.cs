using System.Collections;
using AdaLora.Training;

namespace AdaLora.Glue;

/// <summary>Training batches: every enumeration is one pass in a new order, which depends on the seed and the number of the pass alone.</summary>
internal sealed class ShuffledPasses(EncodedExamples examples, int batchSize, long seed) : IResumableBatches<ExampleBatch>
{
    private int _passes;

    public int BatchesPerPass => (examples.Count + batchSize - 1) / batchSize;

    public IEnumerator<ExampleBatch> GetEnumerator() => examples.Batches(OrderOf(_passes++), batchSize).GetEnumerator();

    public IEnumerable<ExampleBatch> Resume(int pass, long first)
    {
        _passes = pass;
        return examples.Batches([.. OrderOf(pass - 1).Skip((int)first * batchSize)], batchSize);
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private int[] OrderOf(int passesBefore)
    {
        var order = Enumerable.Range(0, examples.Count).ToArray();
        new Random(unchecked((int)((seed * 1_000_003) + passesBefore))).Shuffle(order);
        return order;
    }
}
