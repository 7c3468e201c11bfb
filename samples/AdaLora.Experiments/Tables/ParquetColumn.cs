using System.Text;
using Parquet;
using Parquet.Schema;

namespace AdaLora.Experiments.Tables;

/// <summary>Reads a column of a group of rows; whole numbers of any width become <see cref="long"/>.</summary>
internal static class ParquetColumn
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="InvalidDataException">The column is damaged, or holds something other than strings, numbers and booleans.</exception>
    public static async Task<IEnumerable<object?>> ReadAsync(ParquetRowGroupReader group, DataField field)
    {
        try
        {
            return await (Type.GetTypeCode(field.ClrType) switch
            {
                TypeCode.Boolean => ValuesAsync<bool>(group, field, value => value),
                TypeCode.SByte => ValuesAsync<sbyte>(group, field, value => (long)value),
                TypeCode.Byte => ValuesAsync<byte>(group, field, value => (long)value),
                TypeCode.Int16 => ValuesAsync<short>(group, field, value => (long)value),
                TypeCode.UInt16 => ValuesAsync<ushort>(group, field, value => (long)value),
                TypeCode.Int32 => ValuesAsync<int>(group, field, value => (long)value),
                TypeCode.UInt32 => ValuesAsync<uint>(group, field, value => (long)value),
                TypeCode.Int64 => ValuesAsync<long>(group, field, value => value),
                TypeCode.Single => ValuesAsync<float>(group, field, value => value),
                TypeCode.Double => ValuesAsync<double>(group, field, value => value),
                _ when field.ClrType == typeof(ReadOnlyMemory<char>) => TextsAsync(group, field),
                _ when field.ClrType == typeof(ReadOnlyMemory<byte>) => BytesAsync(group, field),
                _ => throw new InvalidDataException($"values of type {field.ClrType.Name} are not supported"),
            });
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new InvalidDataException($"column '{field.Name}': {e.Message}", e);
        }
    }

    private static async Task<IEnumerable<object?>> ValuesAsync<T>(ParquetRowGroupReader group, DataField field, Func<T, object> cell)
        where T : struct
    {
        if (!field.IsNullable)
        {
            var all = new T[group.RowCount];
            await group.ReadAsync(field, all.AsMemory());
            return all.Select(cell);
        }

        var values = new T?[group.RowCount];
        await group.ReadAsync(field, values.AsMemory());
        return values.Select(value => value is { } there ? cell(there) : null);
    }

    private static async Task<IEnumerable<object?>> TextsAsync(ParquetRowGroupReader group, DataField field)
    {
        var texts = new string?[group.RowCount];
        await group.ReadAsync(field, texts.AsMemory()!);
        return texts;
    }

    // Strings from a writer that did not mark them as strings.
    private static async Task<IEnumerable<object?>> BytesAsync(ParquetRowGroupReader group, DataField field)
    {
        var texts = new byte[]?[group.RowCount];
        await group.ReadAsync(field, texts.AsMemory()!);
        return texts.Select(text => text is null ? null : Utf8.GetString(text));
    }
}
