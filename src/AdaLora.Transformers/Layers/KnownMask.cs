using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Layers;

/// <summary>
/// The contents of attention masks on devices that were made from arrays of this process, so that nobody has to wait for a device to learn them. A mask belongs to its tensor object: what is
/// computed from it is not known.
/// </summary>
internal static class KnownMask
{
    private static readonly ConditionalWeakTable<Tensor, long[]> Masks = [];

    /// <summary>Records what a mask holds. The array must not change afterwards.</summary>
    public static void Note(Tensor mask, long[] values) => Masks.Add(mask, values);

    /// <summary>What a mask holds, row by row; null if it is not known.</summary>
    public static long[]? Of(Tensor mask) => Masks.TryGetValue(mask, out var values) ? values : null;
}
