using AdaLora.Internals;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Layers;

/// <summary>
/// What is added to attention scores by the distance between tokens (Raffel et al., 2020): distances are counted one by one while they are short, then in classes that grow, and each class has a
/// trained bias for every head. Not a module: the table belongs to a layer of the family.
/// </summary>
/// <param name="buckets">The number of classes.</param>
/// <param name="maxDistance">The distance from which on all are one class.</param>
/// <param name="isTwoSided">Whether tokens to the right have classes of their own; otherwise they are as near as the token itself.</param>
internal sealed class RelativePositionBias(int buckets, int maxDistance, bool isTwoSided)
{
    /// <summary>The biases of new tokens.</summary>
    /// <param name="table">Classes to biases, one for every head.</param>
    /// <param name="past">The number of tokens before the new ones.</param>
    /// <param name="length">The number of new tokens.</param>
    /// <param name="device">Where the table is.</param>
    /// <returns>1 x heads x new tokens x all tokens.</returns>
    public Tensor Of(Module<Tensor, Tensor> table, long past, long length, Device device)
    {
        using var scope = NewDisposeScope();
        var keys = past + length;
        // From the first key as seen by the last new token to the last key as seen by the first new one.
        var classes = new long[keys + length - 1];
        for (var place = 0; place < classes.Length; place++)
            classes[place] = BucketOf(place - (keys - 1));
        var byDistance = table.call(PinnedCopy.To(tensor(classes, device: CPU), device)).t().contiguous();
        // Each token sees the distances of the one before it, moved by one.
        return byDistance.unfold(1, keys, 1).flip(1).unsqueeze(0).MoveToOuterDisposeScope();
    }

    /// <summary>The class of a distance.</summary>
    /// <param name="distance">The place of the key minus that of the query.</param>
    public int BucketOf(long distance)
    {
        var (count, first) = isTwoSided ? (buckets / 2, distance > 0 ? buckets / 2 : 0) : (buckets, 0);
        var steps = isTwoSided ? Math.Abs(distance) : Math.Max(0, -distance);
        var exact = count / 2;
        if (steps < exact)
            return first + (int)steps;
        var grown = exact + (int)(Math.Log((double)steps / exact) / Math.Log((double)maxDistance / exact) * (count - exact));
        return first + Math.Min(grown, count - 1);
    }
}
