namespace AdaLora.Experiments.Tables;

/// <summary>
/// What reading a file may cost, by its size: a few damaged or crafted bytes can claim billions of rows or gigabytes of text, or send a decoder round in circles. Real data stays far below
/// all of these.
/// </summary>
/// <param name="fileLength">The file's size in bytes.</param>
internal sealed class ParquetLimits(long fileLength)
{
    private const long BytesPerByte = 64;
    private const long RowsPerByte = 16;
    private const double SecondsPerMegabyte = 2;

    // What files of any size may take: small ones more easily consist of nothing but repetition, and the reader itself needs memory.
    private const long SpareMemory = 192L << 20;
    private const long SpareCharacters = 8L << 20;
    private const long SpareRows = 1L << 16;
    private const double SpareSeconds = 5;

    /// <summary>The managed memory of the process that reads.</summary>
    public long Memory { get; } = SpareMemory + (BytesPerByte * fileLength);

    /// <summary>The processor's time, not the clock's: a busy machine takes nothing away from it.</summary>
    public TimeSpan ProcessorTime { get; } = TimeSpan.FromSeconds(SpareSeconds + (SecondsPerMegabyte * fileLength / (1 << 20)));

    /// <exception cref="InvalidDataException">There are too many rows.</exception>
    public void CheckRows(long rows)
    {
        if (rows < 0 || rows > Math.Min(SpareRows + (RowsPerByte * fileLength), Array.MaxLength))
            throw new InvalidDataException($"it claims to hold {rows} rows, more than {RowsPerByte} for each of its {fileLength} bytes");
    }

    /// <exception cref="InvalidDataException">There is too much text.</exception>
    public void CheckText(long characters)
    {
        if (characters > SpareCharacters + (BytesPerByte * fileLength))
            throw new InvalidDataException($"its texts have more than {BytesPerByte} characters for each of its {fileLength} bytes");
    }
}
