using System.Runtime.InteropServices;
using AdaLora.Processes;

namespace AdaLora.Experiments.Tasks;

/// <summary>Computes something of every batch of a data set, which processes deal out among themselves.</summary>
internal static class DealtBatches
{
    /// <returns>The result of every batch in order, on every process.</returns>
    public static IReadOnlyList<double[]> Compute<TBatch>(IProcessGroup group, IEnumerable<TBatch> batches, Func<TBatch, double[]> compute)
    {
        // For each batch of this process: how many numbers there are, and the numbers.
        var own = new List<double>();
        var count = 0;
        foreach (var batch in batches)
        {
            if (count++ % group.Size != group.Rank)
                continue;
            var numbers = compute(batch);
            own.Add(numbers.Length);
            own.AddRange(numbers);
        }

        var all = group.AllGather(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(own)).ToArray());
        var next = new int[group.Size];
        return [.. Enumerable.Range(0, count).Select(number => Take(number % group.Size))];

        double[] Take(int rank)
        {
            var numbers = MemoryMarshal.Cast<byte, double>(all[rank])[next[rank]..];
            next[rank] += 1 + (int)numbers[0];
            return numbers.Slice(1, (int)numbers[0]).ToArray();
        }
    }
}
