namespace AdaLora.Glue;

/// <summary>Reads numbers of a few bits each, the lowest bit first.</summary>
internal ref struct BitReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private long _bit;

    public ulong Read(int width)
    {
        if (_bit + width > 8L * _bytes.Length)
            throw new InvalidDataException("packed numbers end too early");
        var value = 0UL;
        for (var done = 0; done < width;)
        {
            var offset = (int)(_bit & 7);
            var taken = Math.Min(8 - offset, width - done);
            value |= (ulong)((_bytes[(int)(_bit >> 3)] >> offset) & ((1 << taken) - 1)) << done;
            done += taken;
            _bit += taken;
        }

        return value;
    }
}
