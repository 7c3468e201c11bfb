using TorchSharp;

namespace AdaLora.Safetensors;

/// <summary>The element types of the format that TorchSharp can hold, and their sizes.</summary>
internal static class SafetensorsDtype
{
    private static readonly Dictionary<string, (torch.ScalarType Type, int Size)> Known = new(StringComparer.Ordinal)
    {
        ["F64"] = (torch.ScalarType.Float64, 8),
        ["F32"] = (torch.ScalarType.Float32, 4),
        ["F16"] = (torch.ScalarType.Float16, 2),
        ["BF16"] = (torch.ScalarType.BFloat16, 2),
        ["I64"] = (torch.ScalarType.Int64, 8),
        ["I32"] = (torch.ScalarType.Int32, 4),
        ["I16"] = (torch.ScalarType.Int16, 2),
        ["I8"] = (torch.ScalarType.Int8, 1),
        ["U8"] = (torch.ScalarType.Byte, 1),
        ["BOOL"] = (torch.ScalarType.Bool, 1),
    };

    private static readonly Dictionary<torch.ScalarType, string> Names = Known.ToDictionary(pair => pair.Value.Type, pair => pair.Key);

    public static string AllNames { get; } = string.Join(", ", Known.Keys);

    public static bool TryParse(string name, out torch.ScalarType type, out int size)
    {
        var found = Known.TryGetValue(name, out var value);
        (type, size) = value;
        return found;
    }

    public static bool TryGetName(torch.ScalarType type, out string name, out int size)
    {
        var found = Names.TryGetValue(type, out var value);
        name = value ?? string.Empty;
        size = found ? Known[name].Size : 0;
        return found;
    }
}
