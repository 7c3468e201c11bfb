namespace AdaLora.Glue;

/// <summary>Whole numbers as differences to the one before, packed in blocks (DELTA_BINARY_PACKED).</summary>
internal static class DeltaNumbers
{
    private const int WidestDifference = 64;

    /// <summary>Reads <paramref name="wanted"/> numbers and leaves the reader behind the last block that has one.</summary>
    public static long[] Read(ref ByteReader reader, int wanted)
    {
        var (blockSize, partsPerBlock, count) = (reader.ReadVarint(), reader.ReadVarint(), reader.ReadVarint());
        var value = reader.ReadZigZag();
        if (partsPerBlock is 0 or > int.MaxValue || blockSize is 0 or > int.MaxValue || blockSize % (partsPerBlock * 8) != 0 || count < (ulong)wanted)
            throw new InvalidDataException($"{count} differences in blocks of {blockSize} and {partsPerBlock} parts are expected to be {wanted} numbers");
        var numbers = new long[wanted];
        var filled = 0;
        if (wanted > 0)
            numbers[filled++] = value;
        while (filled < wanted)
        {
            var least = reader.ReadZigZag();
            var widths = reader.Take((long)partsPerBlock);
            for (var part = 0; part < widths.Length && filled < wanted; part++)
            {
                if (widths[part] > WidestDifference)
                    throw new InvalidDataException($"differences of {widths[part]} bits are expected");
                var length = (int)(blockSize / partsPerBlock);
                var bits = new BitReader(reader.Take((long)length / 8 * widths[part]));
                for (var i = 0; i < length && filled < wanted; i++)
                    numbers[filled++] = value = unchecked(value + least + (long)bits.Read(widths[part]));
            }
        }

        return numbers;
    }
}
