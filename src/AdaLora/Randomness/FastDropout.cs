using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace AdaLora.Randomness;

/// <summary>
/// Dropout that does not hold up training on a CPU, where libtorch draws masks on a single thread. Masks come from a parallel counter-based generator whose key is drawn from torch's
/// global generator: <c>torch.manual_seed</c> fixes them, and saving torch's generator state makes them resumable. On other devices libtorch's own dropout is used.
/// </summary>
public static class FastDropout
{
    /// <summary>Number of keys to draw from: a power of two that a double, in which torch takes it, holds exactly.</summary>
    private const double Keys = 1L << 62;

    /// <summary>Drops entries with probability <paramref name="rate"/> and scales the others by 1 / (1 - rate).</summary>
    /// <param name="input">Any shape, floating point.</param>
    /// <param name="rate">Probability of dropping an entry, in [0, 1).</param>
    /// <returns>A new tensor of the same shape and dtype; the same values if <paramref name="rate"/> is 0.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="rate"/> is outside [0, 1).</exception>
    public static Tensor Apply(Tensor input, double rate)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (rate is not (>= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(rate), rate, "The dropout rate must lie in [0, 1).");
        if (rate == 0)
            return input.alias();
        if (input.device_type != TorchSharp.DeviceType.CPU || input.numel() is 0 or > int.MaxValue)
            return nn.functional.dropout(input, rate);

        using var scope = NewDisposeScope();
        return input.mul(Mask(input.shape, input.dtype, rate)).MoveToOuterDisposeScope();
    }

    // 0 and 1 / (1 - rate), the latter rounded once, to the dtype. Advances torch's global generator by one number.
    private static Tensor Mask(long[] shape, ScalarType dtype, double rate)
    {
        var scale = 1 / (1 - rate);
        var isSingle = dtype == ScalarType.Float32;
        var mask = empty(shape, dtype: ScalarType.Float32);
        var key = empty(1, dtype: ScalarType.Int64).random_(0, Keys).item<long>();
        CounterMask.Fill(MemoryMarshal.Cast<byte, float>(mask.bytes), rate, isSingle ? (float)scale : 1, Spread((ulong)key), get_num_threads());
        return isSingle ? mask : mask.to(dtype).mul_(scale);
    }

    // SplitMix64's finaliser: every bit of the drawn number reaches both halves of the key.
    private static ulong Spread(ulong drawn)
    {
        drawn = (drawn ^ (drawn >> 30)) * 0xbf58476d1ce4e5b9UL;
        drawn = (drawn ^ (drawn >> 27)) * 0x94d049bb133111ebUL;
        return drawn ^ (drawn >> 31);
    }
}
