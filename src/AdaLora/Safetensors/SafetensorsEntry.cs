using TorchSharp;

namespace AdaLora.Safetensors;

/// <summary>What a safetensors header says about one tensor.</summary>
public sealed class SafetensorsEntry
{
    internal SafetensorsEntry(string name, torch.ScalarType dtype, long[] shape, long begin, long end)
    {
        Name = name;
        Dtype = dtype;
        Shape = shape;
        Begin = begin;
        End = end;
    }

    /// <summary>The tensor's name; any text, including the empty one.</summary>
    public string Name { get; }

    /// <summary>The element type as stored.</summary>
    public torch.ScalarType Dtype { get; }

    /// <summary>The dimensions; empty for a scalar.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Start of the tensor's bytes, counted from the first byte after the header.</summary>
    public long Begin { get; }

    /// <summary>End of the tensor's bytes (exclusive), counted from the first byte after the header.</summary>
    public long End { get; }

    /// <summary>Number of bytes: elements times element size.</summary>
    public long ByteLength => End - Begin;
}
