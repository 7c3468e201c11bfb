using System.Collections;
using AdaLora.Training.Data;

namespace AdaLora.Experiments.Runs;

/// <summary>Training batches: every enumeration is one epoch in a new order, which depends only on the seed and the number of the epoch.</summary>
/// <param name="count">Examples of the training set.</param>
/// <param name="lengthOf">The length of an example.</param>
/// <param name="encode">Creates a batch of examples.</param>
/// <param name="batchSize">Examples per batch; the last one of an epoch may be smaller.</param>
/// <param name="seed">Seed of the order.</param>
/// <param name="batching">How examples are put into batches.</param>
/// <param name="perStep">Batches to an optimiser step.</param>
internal sealed class ShuffledEpochs<TBatch>(int count, Func<int, int> lengthOf, Func<IReadOnlyList<int>, TBatch> encode, int batchSize, long seed,
    BatchOrder batching = BatchOrder.Random, int perStep = 1) : IResumableBatches<TBatch>
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
        return batching switch
        {
            BatchOrder.SimilarLengths => Grouped(order, random),
            BatchOrder.EvenBatches => Dealt(order, epochsBefore),
            _ => order.Chunk(batchSize),
        };
    }

    private int[][] Grouped(int[] order, Random random)
    {
        int[][] batches = [.. order.Chunk(batchSize * Stretch).SelectMany(rows => rows.OrderBy(lengthOf).Chunk(batchSize))];
        random.Shuffle(batches);
        return batches;
    }

    // A step that the epoch before began takes its remaining batches from this one.
    private IEnumerable<int[]> Dealt(int[] order, int epochsBefore)
    {
        var begun = (int)((long)epochsBefore * BatchesPerEpoch % perStep);
        var rest = begun == 0 ? 0 : (perStep - begun) * batchSize;
        return ((IEnumerable<int[]>)[[.. order.Take(rest)], .. order.Skip(rest).Chunk(perStep * batchSize)]).SelectMany(Deal);
    }

    // The longest first, each to the batch that has the fewest tokens so far and is not full.
    private IEnumerable<int[]> Deal(int[] rows)
    {
        var batches = Enumerable.Range(0, (rows.Length + batchSize - 1) / batchSize).Select(_ => new List<int>(batchSize)).ToList();
        var open = new PriorityQueue<int, (long Tokens, int Batch)>(batches.Select((_, batch) => (batch, (0L, batch))));
        foreach (var row in rows.OrderByDescending(lengthOf))
        {
            _ = open.TryDequeue(out var batch, out var filled);
            batches[batch].Add(row);
            if (batches[batch].Count < batchSize)
                open.Enqueue(batch, (filled.Tokens + lengthOf(row), batch));
        }

        return batches.Select(batch => batch.ToArray());
    }
}
