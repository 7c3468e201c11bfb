using System.Buffers.Binary;
using System.Text;

namespace AdaLora.Glue;

/// <summary>Turns the bytes of a page into values: texts, <see cref="long"/>, <see cref="float"/>, <see cref="double"/> and <see cref="bool"/>.</summary>
internal static class ParquetValues
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads the values of a data page.</summary>
    /// <param name="bytes">The page without its levels.</param>
    /// <param name="type">What the column holds.</param>
    /// <param name="encoding">How they are written.</param>
    /// <param name="count">How many there are; the rows have been paid for.</param>
    /// <param name="dictionary">What indices point to; null when there was no page with a dictionary.</param>
    public static object[] Read(ReadOnlySpan<byte> bytes, ParquetType type, ParquetEncoding encoding, int count, object[]? dictionary)
    {
        var reader = new ByteReader(bytes);
        return encoding switch
        {
            _ when count == 0 => [],
            ParquetEncoding.Plain => ReadPlain(ref reader, type, count),
            ParquetEncoding.PlainDictionary or ParquetEncoding.RunLengthDictionary => LookUp(ref reader, count, dictionary ?? throw new InvalidDataException("a dictionary is missing")),
            ParquetEncoding.RunLength when type == ParquetType.Boolean => ReadRuns(ref reader, count),
            ParquetEncoding.DeltaBinaryPacked when type is ParquetType.Int32 or ParquetType.Int64 =>
                Array.ConvertAll(DeltaNumbers.Read(ref reader, count), number => (object)(type == ParquetType.Int32 ? unchecked((int)number) : number)),
            ParquetEncoding.DeltaLengthByteArray when type == ParquetType.ByteArray => ReadTexts(ref reader, DeltaNumbers.Read(ref reader, count)),
            ParquetEncoding.ByteStreamSplit => ReadSplit(ref reader, type, count),
            _ => throw new InvalidDataException($"values of type {type} in the encoding {encoding} are not supported"),
        };
    }

    /// <summary>Reads the values of a page that holds a dictionary.</summary>
    public static object[] ReadDictionary(ReadOnlySpan<byte> bytes, ParquetType type, int count)
    {
        // No value takes less than a byte there, and nobody has paid for these yet.
        if (count > bytes.Length)
            throw new InvalidDataException($"a dictionary of {bytes.Length} bytes claims {count} values");
        var reader = new ByteReader(bytes);
        return ReadPlain(ref reader, type, count);
    }

    private static object[] ReadPlain(ref ByteReader reader, ParquetType type, int count)
    {
        var values = new object[count];
        if (type == ParquetType.Boolean)
        {
            var bits = new BitReader(reader.Take(reader.Remaining));
            for (var i = 0; i < count; i++)
                values[i] = bits.Read(1) == 1;
            return values;
        }

        for (var i = 0; i < count; i++)
            values[i] = ReadPlain(ref reader, type);
        return values;
    }

    private static object ReadPlain(ref ByteReader reader, ParquetType type) => type switch
    {
        ParquetType.Int32 => (long)BinaryPrimitives.ReadInt32LittleEndian(reader.Take(sizeof(int))),
        ParquetType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(reader.Take(sizeof(long))),
        ParquetType.Float => BinaryPrimitives.ReadSingleLittleEndian(reader.Take(sizeof(float))),
        ParquetType.Double => BinaryPrimitives.ReadDoubleLittleEndian(reader.Take(sizeof(double))),
        ParquetType.ByteArray => ReadText(ref reader, BinaryPrimitives.ReadUInt32LittleEndian(reader.Take(sizeof(uint)))),
        _ => throw new InvalidDataException($"values of type {type} are not supported"),
    };

    private static string ReadText(ref ByteReader reader, long length)
    {
        try
        {
            return Utf8.GetString(reader.Take(length));
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException($"a text is not UTF-8: {e.Message}", e);
        }
    }

    private static object[] ReadTexts(ref ByteReader reader, long[] lengths)
    {
        var values = new object[lengths.Length];
        for (var i = 0; i < values.Length; i++)
            values[i] = ReadText(ref reader, lengths[i]);
        return values;
    }

    private static object[] ReadRuns(ref ByteReader reader, int count)
    {
        var numbers = new int[count];
        var runs = new ByteReader(reader.Take(BinaryPrimitives.ReadUInt32LittleEndian(reader.Take(sizeof(uint)))));
        HybridRuns.Read(ref runs, 1, numbers);
        return Array.ConvertAll(numbers, number => (object)(number == 1));
    }

    private static object[] LookUp(ref ByteReader reader, int count, object[] dictionary)
    {
        var indices = new int[count];
        HybridRuns.Read(ref reader, reader.ReadByte(), indices);
        return Array.ConvertAll(indices, index => (uint)index < (uint)dictionary.Length ? dictionary[index] : throw new InvalidDataException($"a dictionary of {dictionary.Length} values is asked for the one at {index}"));
    }

    // The first bytes of all values, then the second bytes of all, and so on.
    private static object[] ReadSplit(ref ByteReader reader, ParquetType type, int count)
    {
        var width = type is ParquetType.Int32 or ParquetType.Float ? 4L : 8L;
        var split = reader.Take(width * count);
        var joined = new byte[split.Length];
        for (var i = 0; i < joined.Length; i++)
            joined[(i % count * (int)width) + (i / count)] = split[i];
        var plain = new ByteReader(joined);
        return ReadPlain(ref plain, type, count);
    }
}
