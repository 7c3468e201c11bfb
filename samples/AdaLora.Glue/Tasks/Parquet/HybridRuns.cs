namespace AdaLora.Glue;

/// <summary>Small numbers as runs, which are either a repeated number or numbers packed into as many bits as the largest needs: what levels and indices into a dictionary are written as.</summary>
internal static class HybridRuns
{
    private const int WidestNumber = 32;
    private const int GroupSize = 8;

    /// <summary>Reads as many numbers as there is room for.</summary>
    /// <param name="reader">Where the runs are; each takes at least a byte.</param>
    /// <param name="width">The bits of a number.</param>
    /// <param name="numbers">Where the numbers go.</param>
    public static void Read(ref ByteReader reader, int width, Span<int> numbers)
    {
        if (width is < 0 or > WidestNumber)
            throw new InvalidDataException($"numbers of {width} bits are expected");
        while (numbers.Length > 0)
        {
            var header = reader.ReadVarint();
            var isPacked = (header & 1) == 1;
            // A run may be longer than what is wanted: packed ones are filled up to a group.
            var length = (int)Math.Min((header >> 1) * (isPacked ? (ulong)GroupSize : 1), (ulong)numbers.Length);
            if (isPacked)
                Unpack(reader.Take(Math.Min(PackedBytes(header >> 1, width), reader.Remaining)), width, numbers[..length]);
            else
                numbers[..length].Fill(ReadRepeated(ref reader, width));
            numbers = numbers[length..];
        }
    }

    // A group of eight numbers takes as many bytes as a number has bits.
    private static long PackedBytes(ulong groups, int width) => (long)Math.Min(groups, int.MaxValue) * width;

    private static int ReadRepeated(ref ByteReader reader, int width)
    {
        var bytes = reader.Take((width + 7) / 8);
        var value = 0;
        for (var i = 0; i < bytes.Length; i++)
            value |= bytes[i] << (8 * i);
        return value;
    }

    private static void Unpack(ReadOnlySpan<byte> bytes, int width, Span<int> numbers)
    {
        var bits = new BitReader(bytes);
        for (var i = 0; i < numbers.Length; i++)
            numbers[i] = (int)bits.Read(width);
    }
}
