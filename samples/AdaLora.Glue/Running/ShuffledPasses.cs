using System.Collections;
using AdaLora.Training.Data;

namespace AdaLora.Glue;

/// <summary>Training batches: every enumeration is one pass in a new order, which depends on the seed and the number of the pass alone.</summary>
/// <param name="examples">The training set.</param>
/// <param name="batchSize">Examples per batch; the last one of a pass may be smaller.</param>
/// <param name="seed">Seed of the order.</param>
/// <param name="groupByLength">Whether texts of about equal length come together: batches are cut from stretches of the shuffled examples that are sorted by length, and shuffled again.</param>
internal sealed class ShuffledPasses(EncodedExamples examples, int batchSize, long seed, bool groupByLength = false) : IResumableBatches<ExampleBatch>
{
    /// <summary>Batches per sorted stretch: enough for even lengths, few enough for the order to stay random.</summary>
    private const int Stretch = 50;

    private int _passes;

    public int BatchesPerPass => (examples.Count + batchSize - 1) / batchSize;

    public IEnumerator<ExampleBatch> GetEnumerator() => examples.Batches(OrderOf(_passes++)).GetEnumerator();

    public IEnumerable<ExampleBatch> Resume(int pass, long first)
    {
        _passes = pass;
        return examples.Batches(OrderOf(pass - 1).Skip((int)first));
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private IEnumerable<int[]> OrderOf(int passesBefore)
    {
        var order = Enumerable.Range(0, examples.Count).ToArray();
        var random = new Random(unchecked((int)((seed * 1_000_003) + passesBefore)));
        random.Shuffle(order);
        if (!groupByLength)
            return order.Chunk(batchSize);
        int[][] batches = [.. order.Chunk(batchSize * Stretch).SelectMany(rows => rows.OrderBy(examples.LengthOf).Chunk(batchSize))];
        random.Shuffle(batches);
        return batches;
    }
}
