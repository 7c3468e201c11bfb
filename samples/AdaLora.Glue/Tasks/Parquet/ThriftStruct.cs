using System.Text;

namespace AdaLora.Glue;

/// <summary>
/// A structure in Thrift's compact protocol, which is what parquet describes itself in. Every value takes at least one byte, so that a count of elements is bounded by what is left to read,
/// and structures nest only so deep: memory and time are proportional to the bytes that are really there.
/// </summary>
internal sealed class ThriftStruct
{
    private const int DeepestNesting = 16;

    private readonly List<(long Id, object Value)> _fields = [];

    private ThriftStruct()
    {
    }

    private enum Wire
    {
        Stop,
        True,
        False,
        Byte,
        Int16,
        Int32,
        Int64,
        Double,
        Binary,
        List,
        Set,
        Map,
        Struct,
    }

    public static ThriftStruct Read(ref ByteReader reader) => Read(ref reader, DeepestNesting);

    /// <summary>A number; null when the structure has none under this id.</summary>
    public long? FindInteger(int id) => Find(id) is { } value ? value as long? ?? throw Unexpected(id, "number") : null;

    /// <summary>A number that has to be there and in the range of a 32-bit one, and not below 0.</summary>
    public int Count(int id, string name) => FindInteger(id) is >= 0 and <= int.MaxValue and var value ? (int)value : throw new InvalidDataException($"{name} is missing or out of range");

    /// <summary>A structure in this one; null when there is none under this id.</summary>
    public ThriftStruct? FindStruct(int id) => Find(id) is { } value ? value as ThriftStruct ?? throw Unexpected(id, "structure") : null;

    public ThriftStruct Struct(int id, string name) => FindStruct(id) ?? throw new InvalidDataException($"{name} is missing");

    /// <summary>The elements of a list of structures.</summary>
    public IReadOnlyList<ThriftStruct> Structs(int id, string name) => Elements<ThriftStruct>(id, name);

    /// <summary>The elements of a list of texts.</summary>
    public IReadOnlyList<string> Texts(int id, string name) => [.. Elements<byte[]>(id, name).Select(Encoding.UTF8.GetString)];

    public string Text(int id, string name) => Find(id) is byte[] bytes ? Encoding.UTF8.GetString(bytes) : throw new InvalidDataException($"{name} is missing");

    public bool? FindBoolean(int id) => Find(id) is { } value ? value as bool? ?? throw Unexpected(id, "truth value") : null;

    private IReadOnlyList<T> Elements<T>(int id, string name)
    {
        if (Find(id) is not List<object> elements || elements.Exists(element => element is not T))
            throw new InvalidDataException($"{name} are missing");
        return [.. elements.Cast<T>()];
    }

    private object? Find(int id) => _fields.Find(field => field.Id == id).Value;

    private static InvalidDataException Unexpected(int id, string kind) => new($"field {id} of a structure is no {kind}");

    private static ThriftStruct Read(ref ByteReader reader, int levels)
    {
        if (levels == 0)
            throw new InvalidDataException($"structures nest deeper than {DeepestNesting}");
        var result = new ThriftStruct();
        for (var id = 0L; ;)
        {
            var header = reader.ReadByte();
            var wire = (Wire)(header & 0x0F);
            if (wire == Wire.Stop)
                return result;
            id = header >> 4 is > 0 and var step ? id + step : reader.ReadZigZag();
            result._fields.Add((id, wire is Wire.True or Wire.False ? wire == Wire.True : ReadValue(ref reader, wire, levels)));
        }
    }

    private static object ReadValue(ref ByteReader reader, Wire wire, int levels) => wire switch
    {
        // In a list a truth value is a byte; as a field it is its own type.
        Wire.True or Wire.False => reader.ReadByte() == (byte)Wire.True,
        Wire.Byte => (long)(sbyte)reader.ReadByte(),
        Wire.Int16 or Wire.Int32 or Wire.Int64 => reader.ReadZigZag(),
        Wire.Double => BitConverter.ToDouble(reader.Take(sizeof(double))),
        Wire.Binary => reader.Take((long)Math.Min(reader.ReadVarint(), long.MaxValue)).ToArray(),
        Wire.List or Wire.Set => ReadList(ref reader, levels - 1),
        Wire.Struct => Read(ref reader, levels - 1),
        _ => throw new InvalidDataException($"a field has the unknown type {(int)wire}"),
    };

    private static List<object> ReadList(ref ByteReader reader, int levels)
    {
        if (levels <= 0)
            throw new InvalidDataException($"lists nest deeper than {DeepestNesting}");
        const int CountFollows = 15;
        var header = reader.ReadByte();
        var count = header >> 4 is var few && few < CountFollows ? (ulong)few : reader.ReadVarint();
        if (count > (ulong)reader.Remaining)
            throw new InvalidDataException($"a list has {count} elements where {reader.Remaining} bytes are left");
        var elements = new List<object>((int)count);
        for (var i = 0UL; i < count; i++)
            elements.Add(ReadValue(ref reader, (Wire)(header & 0x0F), levels));
        return elements;
    }
}
