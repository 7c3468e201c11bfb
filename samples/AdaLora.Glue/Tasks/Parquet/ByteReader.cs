namespace AdaLora.Glue;

/// <summary>Reads bytes from front to back. Asking for more than there is means that the file is damaged.</summary>
internal ref struct ByteReader(ReadOnlySpan<byte> bytes)
{
    private const int LongestVarint = 10;

    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>How many bytes have been read.</summary>
    public int Position { get; private set; }

    /// <summary>How many bytes are left.</summary>
    public readonly int Remaining => _bytes.Length - Position;

    public byte ReadByte() => Take(1)[0];

    public ReadOnlySpan<byte> Take(long count)
    {
        if (count < 0 || count > Remaining)
            throw new InvalidDataException($"{count} bytes are expected where {Remaining} are left");
        var taken = _bytes.Slice(Position, (int)count);
        Position += (int)count;
        return taken;
    }

    /// <summary>A number in groups of seven bits, the lowest first.</summary>
    public ulong ReadVarint()
    {
        var value = 0UL;
        for (var group = 0; group < LongestVarint; group++)
        {
            var next = ReadByte();
            value |= (ulong)(next & 0x7F) << (7 * group);
            if (next < 0x80)
                return value;
        }

        throw new InvalidDataException("a number has more than 64 bits");
    }

    /// <summary>A number whose sign is its lowest bit.</summary>
    public long ReadZigZag()
    {
        var value = ReadVarint();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }
}
