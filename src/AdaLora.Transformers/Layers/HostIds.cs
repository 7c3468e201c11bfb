using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Layers;

/// <summary>
/// Refuses numbers that a table has no row for while they are in the host's memory. libtorch would say 'index out of range' on a CPU and leave a CUDA device unusable, but asking a device
/// for its numbers would mean waiting for it: those on a device are checked before they get there, by <c>TokenBatch.ToTensorsFor</c>.
/// </summary>
internal static class HostIds
{
    /// <param name="ids">Whole numbers of any shape; null, or on a device, for nothing to check.</param>
    /// <param name="count">The numbers must be below this.</param>
    /// <param name="what">What a number is, such as "token id".</param>
    /// <param name="of">What there are so many of, as the end of a sentence such as "the model has 9 ...".</param>
    /// <param name="parameter">The parameter's name.</param>
    /// <param name="ignored">A number that is also allowed.</param>
    /// <exception cref="ArgumentException">A number is out of range, or the numbers are not whole.</exception>
    public static void RequireBelow(Tensor? ids, long count, string what, string of, string parameter, long? ignored = null)
    {
        if (ids is null || ids.device_type == DeviceType.META)
            return;
        if (ids.dtype is not (ScalarType.Int64 or ScalarType.Int32))
            throw new ArgumentException($"Every {what} must be int64; they are {ids.dtype}.", parameter);
        if (ids.device_type != DeviceType.CPU || ids.numel() == 0)
            return;
        using var own = ids.is_contiguous() ? null : ids.contiguous();
#pragma warning disable RS0030 // They are in the host's memory: nothing is waited for.
        var bytes = (own ?? ids).bytes;
#pragma warning restore RS0030
        if (ids.dtype == ScalarType.Int64)
            Require(MemoryMarshal.Cast<byte, long>(bytes), count, what, of, parameter, ignored);
        else
            Require(MemoryMarshal.Cast<byte, int>(bytes), count, what, of, parameter, ignored);
        GC.KeepAlive(own ?? ids);
    }

    /// <summary>As above, for numbers that are not yet a tensor.</summary>
    public static void Require<T>(ReadOnlySpan<T> ids, long count, string what, string of, string parameter, long? ignored = null)
        where T : unmanaged, System.Numerics.IBinaryInteger<T>
    {
        foreach (var id in ids)
        {
            var number = long.CreateTruncating(id);
            if ((ulong)number >= (ulong)count && number != ignored)
                throw new ArgumentException($"The {what} {number} is out of range: the model has {count} {of}, counted from 0.", parameter);
        }
    }
}
