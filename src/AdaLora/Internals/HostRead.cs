using AdaLora.Internals.Cpu;
using static TorchSharp.torch;

namespace AdaLora.Internals;

/// <summary>
/// The one place where this library reads what a tensor holds. A read waits until the tensor's device has computed it, so every read is counted, on whatever device the tensor is.
/// Direct forms are banned (src/BannedSymbols.txt). Tensors that lie in the host's memory by construction are another matter, see <see cref="HostMemory"/>.
/// </summary>
internal static class HostRead
{
    [ThreadStatic]
    private static long _count;

    private static long _total;

    /// <summary>Reads of the current thread so far. A training step runs on one thread, so differences are that step's own reads.</summary>
    public static long Count => _count;

    /// <summary>Reads of all threads so far. Backward passes of a device run on a thread of libtorch's.</summary>
    public static long Total => Interlocked.Read(ref _total);

#pragma warning disable RS0030 // Counted here, and banned elsewhere so that they are.

    /// <summary>The number that a tensor holds.</summary>
    /// <param name="scalar">One element of type <typeparamref name="T"/>.</param>
    public static T Scalar<T>(Tensor scalar)
        where T : unmanaged
    {
        CountOne();
        return scalar.item<T>();
    }

    /// <summary>All numbers that a tensor holds.</summary>
    /// <param name="tensor">Of element type <typeparamref name="T"/>.</param>
    public static T[] Values<T>(Tensor tensor)
        where T : unmanaged
    {
        CountOne();
        using var host = tensor.cpu();
        return host.data<T>().ToArray();
    }

    /// <summary>The tensor in the host's memory, contiguous and without a graph; the tensor's own memory if that is so already. Belongs to the current scope.</summary>
    public static Tensor Copy(Tensor tensor)
    {
        CountOne();
        return tensor.detach().cpu().contiguous();
    }

#pragma warning restore RS0030

    private static void CountOne()
    {
        _count++;
        Interlocked.Increment(ref _total);
    }
}
