using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace AdaLora.Safetensors;

/// <summary>
/// Reads and checks the JSON header. It is stricter than JSON where a header could hide something: names, fields and metadata keys may appear only once, integers are digits only,
/// and the byte ranges must tile the data exactly, without gaps or overlaps.
/// </summary>
internal sealed class SafetensorsHeader
{
    private const string MetadataName = "__metadata__";

    /// <summary>The maximum libtorch supports. A header may contain tens of millions.</summary>
    private const int MostDimensions = 64;

    private readonly string _path;

    private SafetensorsHeader(string path) => _path = path;

    public Dictionary<string, SafetensorsEntry> Entries { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

    /// <exception cref="SafetensorsException">The header violates the format.</exception>
    public static SafetensorsHeader Parse(ReadOnlySpan<byte> json, long dataLength, string path)
    {
        var header = new SafetensorsHeader(path);
        if (!Utf8.IsValid(json))
            throw header.Fault("has a header that is not UTF-8");
        try
        {
            header.ReadObject(json);
        }
        // The reader throws InvalidOperationException for an escaped lone surrogate.
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new SafetensorsException(path, $"has a header that is not valid JSON: {exception.Message}", innerException: exception);
        }
        header.CheckRanges(dataLength);
        return header;
    }

    private void ReadObject(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            throw Fault("has a header that is not a JSON object");
        var sawMetadata = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            _ = reader.Read();
            if (name == MetadataName)
            {
                if (sawMetadata)
                    throw Fault($"has {MetadataName} twice");
                sawMetadata = true;
                ReadMetadata(ref reader);
            }
            else if (!Entries.TryAdd(name, ReadEntry(ref reader, name)))
            {
                throw Fault("appears twice in the header", name);
            }
        }
        // Reading on finds anything after the object.
        _ = reader.Read();
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null)
            return;
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Fault($"has a {MetadataName} that is not an object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            _ = reader.Read();
            if (reader.TokenType != JsonTokenType.String)
                throw Fault($"has a {MetadataName} value that is not a string, at '{key}'");
            if (!Metadata.TryAdd(key, reader.GetString()!))
                throw Fault($"has the {MetadataName} key '{key}' twice");
        }
    }

    private SafetensorsEntry ReadEntry(ref Utf8JsonReader reader, string name)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Fault("its header entry is not an object", name);
        string? dtype = null;
        long[]? shape = null;
        long[]? offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = reader.GetString()!;
            _ = reader.Read();
            switch (field)
            {
                case "dtype" when dtype is null:
                    dtype = reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw Fault("its dtype is not a string", name);
                    break;
                case "shape" when shape is null:
                    shape = ReadIntegers(ref reader, name, field);
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ReadIntegers(ref reader, name, field);
                    break;
                case "dtype" or "shape" or "data_offsets":
                    throw Fault($"its {field} is given twice", name);
                default:
                    reader.Skip();
                    break;
            }
        }
        return MakeEntry(name, dtype, shape, offsets);
    }

    private SafetensorsEntry MakeEntry(string name, string? dtype, long[]? shape, long[]? offsets)
    {
        if (dtype is null || shape is null || offsets is null)
            throw Fault($"{(dtype is null ? "dtype" : shape is null ? "shape" : "data_offsets")} is missing", name);
        if (!SafetensorsDtype.TryParse(dtype, out var type, out var size))
            throw Fault($"dtype '{dtype}' is unknown or not supported (supported: {SafetensorsDtype.AllNames})", name);
        if (offsets.Length != 2)
            throw Fault($"data_offsets has {offsets.Length} values instead of 2", name);
        if (offsets[1] < offsets[0])
            throw Fault($"data_offsets [{offsets[0]}, {offsets[1]}] end before they begin", name);
        var needed = ByteLength(shape, size)
            ?? throw Fault($"shape [{string.Join(", ", shape)}] needs more bytes than 63 bits can hold", name);
        if (needed != offsets[1] - offsets[0])
            throw Fault($"shape [{string.Join(", ", shape)}] of {dtype} needs {needed} bytes, but data_offsets span {offsets[1] - offsets[0]}", name);
        return new SafetensorsEntry(name, type, shape, offsets[0], offsets[1]);
    }

    // Null on overflow, even if a later dimension of 0 would hide it: the product of the others must be representable.
    private static long? ByteLength(long[] shape, int elementSize)
    {
        long bytes = elementSize;
        try
        {
            foreach (var dimension in shape)
                bytes = checked(bytes * dimension);
        }
        catch (OverflowException)
        {
            return null;
        }
        return bytes;
    }

    private long[] ReadIntegers(ref Utf8JsonReader reader, string name, string field)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw Fault($"its {field} is not an array", name);
        var values = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            // Digits only: "2.0", "2e0", "-1" and "-0" are all numbers in JSON, but not sizes.
            if (reader.TokenType != JsonTokenType.Number || reader.ValueSpan.ContainsAnyExceptInRange((byte)'0', (byte)'9') || !reader.TryGetInt64(out var value))
                throw Fault($"its {field} has {Encoding.UTF8.GetString(reader.ValueSpan)}, which is not a whole number from 0 to {long.MaxValue}", name);
            if (values.Count == MostDimensions)
                throw Fault($"its {field} has more than {MostDimensions} numbers", name);
            values.Add(value);
        }
        return [.. values];
    }

    private void CheckRanges(long dataLength)
    {
        var position = 0L;
        foreach (var entry in Entries.Values.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End))
        {
            if (entry.End > dataLength)
                throw Fault($"data_offsets [{entry.Begin}, {entry.End}] reach beyond the {dataLength} bytes of data in the file", entry.Name);
            if (entry.Begin < position)
                throw Fault($"data_offsets [{entry.Begin}, {entry.End}] overlap the previous tensor, which ends at {position}", entry.Name);
            if (entry.Begin > position)
                throw Fault($"the {entry.Begin - position} bytes before its data_offsets [{entry.Begin}, {entry.End}] belong to no tensor", entry.Name);
            position = entry.End;
        }
        if (position != dataLength)
            throw Fault($"has {dataLength - position} bytes after its last tensor that belong to no tensor");
    }

    private SafetensorsException Fault(string reason, string? tensorName = null) => new(_path, reason, tensorName);
}
