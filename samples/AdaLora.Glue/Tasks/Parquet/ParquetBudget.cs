namespace AdaLora.Glue;

/// <summary>
/// What a file may become when it is read, measured by its size: a few damaged or crafted bytes can claim billions of rows or gigabytes of text. Real data stays far below both ratios.
/// </summary>
/// <param name="fileLength">The file's size in bytes.</param>
internal sealed class ParquetBudget(long fileLength)
{
    private const long BytesPerByte = 64;
    private const long RowsPerByte = 16;

    // What files of any size may take: small ones consist of nothing but repetition more easily.
    private const long SpareBytes = 8L << 20;
    private const long SpareRows = 1L << 16;

    private long _bytes = SpareBytes + (BytesPerByte * fileLength);
    private long _rows = Math.Min(SpareRows + (RowsPerByte * fileLength), Array.MaxLength);

    /// <summary>Takes account of a page, before room is made for its content.</summary>
    public void SpendBytes(long bytes)
    {
        if ((_bytes -= bytes) < 0)
            throw new InvalidDataException($"its pages claim to hold more than {BytesPerByte} times the {fileLength} bytes of the file");
    }

    /// <summary>Takes account of rows, before room is made for them.</summary>
    public void SpendRows(long rows)
    {
        if ((_rows -= rows) < 0)
            throw new InvalidDataException($"it claims to hold more than {RowsPerByte} rows for each of the {fileLength} bytes of the file");
    }
}
