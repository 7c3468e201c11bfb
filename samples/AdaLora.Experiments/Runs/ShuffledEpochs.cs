using System.Collections;
using AdaLora.Training.Data;

namespace AdaLora.Experiments.Runs;

/// <summary>Training batches: every enumeration is one epoch in a new order, which depends only on the seed and the number of the epoch.</summary>
/// <param name="count">Examples of the training set.</param>
/// <param name="lengthOf">The length of an example.</param>
/// <param name="encode">Creates a batch of examples.</param>
/// <param name="batchSize">Examples per batch; the last one of an epoch may be smaller.</param>
/// <param name="seed">Seed of the order.</param>
/// <param name="groupByLength">Whether examples of about equal length are batched together: batches are cut from stretches of the shuffled examples that are sorted by length, and shuffled
/// again.</param>
internal sealed class ShuffledEpochs<TBatch>(int count, Func<int, int> lengthOf, Func<IReadOnlyList<int>, TBatch> encode, int batchSize, long seed,
    bool groupByLength = false) : IResumableBatches<TBatch>
{
    /// <summary>Batches per sorted stretch: enough for even lengths, few enough for the order to stay random.</summary>
    private const int Stretch = 50;

    private int _epochs;

    public int BatchesPerEpoch => (count + batchSize - 1) / batchSize;

    public IEnumerator<TBatch> GetEnumerator() => OrderOf(_epochs++).Select(encode).GetEnumerator();

    public IEnumerable<TBatch> Resume(int pass, long first)
    {
        _epochs = pass;
        return OrderOf(pass - 1).Skip((int)first).Select(encode);
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private IEnumerable<int[]> OrderOf(int epochsBefore)
    {
        var order = Enumerable.Range(0, count).ToArray();
        var random = new Random(unchecked((int)((seed * 1_000_003) + epochsBefore)));
        random.Shuffle(order);
        if (!groupByLength)
            return order.Chunk(batchSize);
        int[][] batches = [.. order.Chunk(batchSize * Stretch).SelectMany(rows => rows.OrderBy(lengthOf).Chunk(batchSize))];
        random.Shuffle(batches);
        return batches;
    }
}
