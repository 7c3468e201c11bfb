using System.Collections.Concurrent;
using static TorchSharp.torch;

namespace AdaLora.Safetensors;

/// <summary>
/// A memory-mapped file: for each element type, one tensor over all of it. The system reads a page from disk on first access and copies it when it is written to, so the file itself does not change.
/// A view keeps the mapping alive. Accessing pages that the file has since lost ends the process.
/// </summary>
internal sealed class MappedFile(string path, long length) : IDisposable
{
    private readonly ConcurrentDictionary<ScalarType, Lazy<Tensor>> _tensors = new();

    /// <summary>The tensor that starts at a byte of the file, or null if elements of the type, which have <paramref name="size"/> bytes, cannot start there.</summary>
    /// <exception cref="System.Runtime.InteropServices.ExternalException">The file cannot be mapped.</exception>
    public Tensor? View(long start, ScalarType dtype, long size, IReadOnlyList<long> shape)
    {
        using var scope = NewDisposeScope();
        if (start % size != 0)
            return null;
        var whole = _tensors.GetOrAdd(
            dtype, type => new Lazy<Tensor>(() => from_file(path, shared: false, size: length / size, dtype: type, device: CPU).DetachFromDisposeScope())).Value;
        return whole.as_strided([.. shape], Strides(shape), start / size).DetachFromDisposeScope();
    }

    public void Dispose()
    {
        foreach (var tensor in _tensors.Values.Where(t => t.IsValueCreated))
            tensor.Value.Dispose();
    }

    private static long[] Strides(IReadOnlyList<long> shape)
    {
        var strides = new long[shape.Count];
        var next = 1L;
        for (var i = shape.Count - 1; i >= 0; i--)
            (strides[i], next) = (next, next * Math.Max(1, shape[i]));
        return strides;
    }
}
