using System.Collections;
using AdaLora.Training.Data;

namespace AdaLora.Experiments.Runs;

/// <summary>Training batches: every enumeration is one epoch in a new order, which depends only on the seed and the number of the epoch.</summary>
/// <param name="count">Examples of the training set.</param>
/// <param name="lengthOf">The length of an example.</param>
/// <param name="encode">Creates a batch of examples.</param>
/// <param name="batchSize">Examples per batch; the last one of an epoch may be smaller.</param>
/// <param name="seed">Seed of the order.</param>
/// <param name="groupByLengthFor">Batches to an optimiser step, if those of a step are to hold examples of about equal length, so that there is little padding and processes that share a step
/// have equal work: steps are cut from stretches of the shuffled examples that are sorted by length, and shuffled again. Null leaves the order random.</param>
internal sealed class ShuffledEpochs<TBatch>(int count, Func<int, int> lengthOf, Func<IReadOnlyList<int>, TBatch> encode, int batchSize, long seed,
    int? groupByLengthFor = null) : IResumableBatches<TBatch>
{
    /// <summary>Steps per sorted stretch: enough for even lengths, few enough for the order to stay random.</summary>
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
        if (groupByLengthFor is not { } perStep)
            return order.Chunk(batchSize);
        // Batches that complete a step begun in the epoch before come first, and those of a step that the next epoch completes come last, so that the others fill whole steps.
        var begun = (int)((long)epochsBefore * BatchesPerEpoch % perStep);
        var first = begun == 0 ? 0 : Math.Min(perStep - begun, BatchesPerEpoch);
        int[][][] steps =
        [
            .. order.Skip(first * batchSize).Chunk(batchSize * Stretch * perStep).SelectMany(rows => rows.OrderBy(lengthOf).Chunk(batchSize).Chunk(perStep)),
        ];
        var whole = steps.AsSpan(0, steps.Length - (steps is [.., { Length: var last }] && last < perStep ? 1 : 0));
        random.Shuffle(whole);
        return order.Take(first * batchSize).OrderBy(lengthOf).Chunk(batchSize).Concat(steps.SelectMany(step => step));
    }
}
