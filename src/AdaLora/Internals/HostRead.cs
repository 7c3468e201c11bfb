using AdaLora.Internals.Cpu;
using static TorchSharp.torch;

namespace AdaLora.Internals;

/// <summary>
/// The only place where this library reads a tensor's values. A read waits until the tensor's device has computed them, so every read is counted, whatever device the tensor is on.
/// Direct reads are banned (src/BannedSymbols.txt). Tensors that are in host memory by construction are another matter; see <see cref="HostMemory"/>.
/// </summary>
internal static class HostRead
{
    [ThreadStatic]
    private static long _count;

    private static long _total;

    /// <summary>Reads of the current thread so far. A training step runs on one thread, so differences are that step's own reads.</summary>
    public static long Count => _count;

    /// <summary>Reads of all threads so far. A device's backward passes run on one of libtorch's threads.</summary>
    public static long Total => Interlocked.Read(ref _total);

#pragma warning disable RS0030 // Counted here, and banned elsewhere so that they are.

    /// <summary>The number a tensor holds.</summary>
    /// <param name="scalar">One element of type <typeparamref name="T"/>.</param>
    public static T Scalar<T>(Tensor scalar)
        where T : unmanaged
    {
        CountOne();
        return scalar.item<T>();
    }

    /// <summary>All numbers a tensor holds.</summary>
    /// <param name="tensor">Of element type <typeparamref name="T"/>.</param>
    public static T[] Values<T>(Tensor tensor)
        where T : unmanaged
    {
        CountOne();
        using var host = tensor.cpu();
        return host.data<T>().ToArray();
    }

    /// <summary>The tensor in host memory, contiguous and without a graph; the tensor's own memory if it already is. Belongs to the current scope.</summary>
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
