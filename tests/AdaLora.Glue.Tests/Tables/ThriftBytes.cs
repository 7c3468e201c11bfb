namespace AdaLora.Glue.Tests.Tables;

/// <summary>Writes a structure in Thrift's compact protocol, honest or not.</summary>
internal sealed class ThriftBytes
{
    public const int IntegerType = 5;
    public const int BinaryType = 8;
    public const int StructType = 12;

    private readonly List<byte> _bytes = [];

    public ThriftBytes Integer(int id, long value) => Field(id, 6, ZigZag(value));

    public ThriftBytes Text(int id, string text) => Field(id, BinaryType, [.. Varint((ulong)text.Length), .. System.Text.Encoding.ASCII.GetBytes(text)]);

    public ThriftBytes Boolean(int id, bool value) => Field(id, value ? 1 : 2, []);

    public ThriftBytes Struct(int id, ThriftBytes value) => Field(id, StructType, value.ToArray());

    public ThriftBytes List(int id, params ThriftBytes[] elements) => List(id, StructType, elements.Length, [.. elements.SelectMany(element => element.ToArray())]);

    /// <summary>A list that claims a number of elements.</summary>
    public ThriftBytes List(int id, int type, long count, byte[] elements) => Field(id, 9, [(byte)(0xF0 | type), .. Varint((ulong)count), .. elements]);

    /// <summary>The structure with its end.</summary>
    public byte[] ToArray() => [.. _bytes, 0];

    public static byte[] Varint(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        return [.. bytes, (byte)value];
    }

    private static byte[] ZigZag(long value) => Varint((ulong)((value << 1) ^ (value >> 63)));

    // The long form of a field's head: the type, then the id.
    private ThriftBytes Field(int id, int type, byte[] value)
    {
        _bytes.AddRange([(byte)type, .. ZigZag(id), .. value]);
        return this;
    }
}
