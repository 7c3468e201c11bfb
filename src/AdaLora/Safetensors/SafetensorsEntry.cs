using TorchSharp;

namespace AdaLora.Safetensors;

/// <summary>What the header of a safetensors file says of one tensor.</summary>
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

    /// <summary>The tensor's name; any text, the empty one included.</summary>
    public string Name { get; }

    /// <summary>The element type as stored.</summary>
    public torch.ScalarType Dtype { get; }

    /// <summary>The dimensions; empty for a scalar.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Where the tensor's bytes begin, counted from the first byte after the header.</summary>
    public long Begin { get; }

    /// <summary>Where the tensor's bytes end (exclusive), counted from the first byte after the header.</summary>
    public long End { get; }

    /// <summary>The number of bytes: elements times element size.</summary>
    public long ByteLength => End - Begin;
}
