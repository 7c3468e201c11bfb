using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Families.DebertaV2;

/// <summary>Numbers distances between tokens as the rows of the relative embeddings.</summary>
internal static class RelativePositions
{
    /// <summary>
    /// The bucket of a distance: up to half of <paramref name="buckets"/> every distance has its own, beyond that their width grows so that <paramref name="reach"/> - 1 falls into the
    /// last one. Distances of the other direction have the negated bucket.
    /// </summary>
    public static int Bucket(int distance, int buckets, int reach)
    {
        var middle = buckets / 2;
        var length = Math.Abs(distance);
        if (buckets < 1 || length <= middle)
            return distance;
        var beyond = (int)Math.Ceiling(Math.Log((double)length / middle) / Math.Log((reach - 1.0) / middle) * (middle - 1));
        return Math.Sign(distance) * (middle + beyond);
    }

    /// <summary>The bucket of query minus key for every pair of places, length x length, int64.</summary>
    public static Tensor Table(int length, DebertaV2Config config, Device device)
    {
        var buckets = new long[2 * length - 1];
        for (var distance = 1 - length; distance < length; distance++)
            buckets[distance + length - 1] = Bucket(distance, config.PositionBuckets, config.Reach);
        var table = new long[length * length];
        for (var query = 0; query < length; query++)
        {
            for (var key = 0; key < length; key++)
                table[query * length + key] = buckets[query - key + length - 1];
        }
        return PinnedCopy.To(tensor(table, [length, length], ScalarType.Int64, device: CPU), device);
    }
}
