namespace AdaLora.Experiments.Tables;

/// <summary>A cell on its way from the process that reads a file: a byte for its kind, then its value.</summary>
internal static class ParquetCell
{
    private enum Kind : byte
    {
        None,
        Text,
        Integer,
        Single,
        Double,
        Boolean,
    }

    public static void Write(BinaryWriter writer, object? cell)
    {
        switch (cell)
        {
            case null:
                writer.Write((byte)Kind.None);
                break;
            case string text:
                writer.Write((byte)Kind.Text);
                writer.Write(text);
                break;
            case long number:
                writer.Write((byte)Kind.Integer);
                writer.Write(number);
                break;
            case float number:
                writer.Write((byte)Kind.Single);
                writer.Write(number);
                break;
            case double number:
                writer.Write((byte)Kind.Double);
                writer.Write(number);
                break;
            case bool value:
                writer.Write((byte)Kind.Boolean);
                writer.Write(value);
                break;
            default:
                throw new ArgumentException($"a cell of type {cell.GetType()} cannot be passed on");
        }
    }

    public static object? Read(BinaryReader reader) => (Kind)reader.ReadByte() switch
    {
        Kind.None => null,
        Kind.Text => reader.ReadString(),
        Kind.Integer => reader.ReadInt64(),
        Kind.Single => reader.ReadSingle(),
        Kind.Double => reader.ReadDouble(),
        Kind.Boolean => reader.ReadBoolean(),
        var kind => throw new InvalidDataException($"the process that reads it sent a cell of unknown kind {kind}"),
    };
}
