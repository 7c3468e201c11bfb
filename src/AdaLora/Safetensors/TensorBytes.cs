using AdaLora.Internals.Cpu;
using static TorchSharp.torch;

namespace AdaLora.Safetensors;

/// <summary>The memory of a contiguous CPU tensor as spans whose lengths each fit in an int.</summary>
internal static class TensorBytes
{
    // A multiple of every element size, small enough to keep a read or write call cheap to cancel and buffer.
    private const long ChunkBytes = 64L << 20;

    public delegate void ChunkAction(Span<byte> chunk, long offset);

    /// <summary>Calls <paramref name="action"/> for consecutive pieces of the tensor's own memory, with each piece's offset in bytes.</summary>
    public static void ForEachChunk(Tensor tensor, ChunkAction action)
    {
        var elementSize = tensor.ElementSize;
        var chunkElements = ChunkBytes / elementSize;
        using var flat = tensor.view(-1);
        for (var start = 0L; start < tensor.NumberOfElements; start += chunkElements)
        {
            using var chunk = flat.narrow(0, start, Math.Min(chunkElements, tensor.NumberOfElements - start));
            action(HostMemory.Bytes(chunk), start * elementSize);
        }
    }
}
