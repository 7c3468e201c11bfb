using System.Buffers.Binary;

namespace AdaLora.Glue;

/// <summary>The cells of one column in one group of rows: pages, the first of which may hold a dictionary.</summary>
/// <param name="column">The column.</param>
/// <param name="metadata">What the file says about it.</param>
/// <param name="budget">What the file may still become.</param>
internal sealed class ColumnChunk(ParquetColumn column, ThriftStruct metadata, ParquetBudget budget)
{
    private readonly ParquetCodec _codec = (ParquetCodec)metadata.Count(4, "the compression of a column");

    /// <summary>Fills all cells; one without a value stays null.</summary>
    /// <param name="pages">The file's content up to its description.</param>
    /// <param name="cells">As many as the group has rows.</param>
    public void ReadInto(ReadOnlySpan<byte> pages, Span<object?> cells)
    {
        if (metadata.Count(5, "the number of values of a column") != cells.Length || metadata.FindInteger(1) != (int)column.Type)
            throw new InvalidDataException($"column '{column.Name}' is described in two ways");
        var reader = new ByteReader(pages);
        _ = reader.Take(Start());
        object[]? dictionary = null;
        while (cells.Length > 0)
        {
            var start = reader.Position;
            var header = PageHeader.Read(ref reader);
            // Several groups may name the same pages, so that what is read again is paid for again.
            budget.SpendBytes(reader.Position - start + (long)Math.Max(header.Size, header.CompressedSize));
            var content = reader.Take(header.CompressedSize);
            if (header.IsDictionary)
                dictionary = ParquetValues.ReadDictionary(_codec.Decompress(content, header.Size), column.Type, header.ValueCount);
            if (!header.HoldsData)
                continue;
            if (header.ValueCount > cells.Length)
                throw new InvalidDataException($"a page of column '{column.Name}' claims {header.ValueCount} values where {cells.Length} rows are left");
            ReadData(content, header, dictionary, cells[..header.ValueCount]);
            cells = cells[header.ValueCount..];
        }
    }

    // The dictionary comes first, whichever of the two offsets a writer has filled in.
    private long Start()
    {
        var data = metadata.FindInteger(9) ?? throw new InvalidDataException($"the place of column '{column.Name}' is missing");
        return metadata.FindInteger(11) is > 0 and var dictionary ? Math.Min(data, dictionary) : data;
    }

    private void ReadData(ReadOnlySpan<byte> content, PageHeader header, object[]? dictionary, Span<object?> cells)
    {
        if (column.IsOptional && header.LevelEncoding != ParquetEncoding.RunLength)
            throw new InvalidDataException($"levels in the encoding {header.LevelEncoding} are not supported");
        scoped ReadOnlySpan<byte> levels = [];
        if (header.LevelBytes is { } length)
        {
            var reader = new ByteReader(content);
            levels = reader.Take(length);
            content = (header.IsCompressed ? _codec : ParquetCodec.None).Decompress(reader.Take(reader.Remaining), Math.Max(0, header.Size - length));
        }
        else
        {
            content = _codec.Decompress(content, header.Size);
            if (column.IsOptional)
            {
                var reader = new ByteReader(content);
                levels = reader.Take(BinaryPrimitives.ReadUInt32LittleEndian(reader.Take(sizeof(uint))));
                content = reader.Take(reader.Remaining);
            }
        }

        var isThere = IsThere(levels, cells.Length);
        var values = ParquetValues.Read(content, column.Type, header.Encoding, isThere.Count(present => present == 1), dictionary);
        for (int row = 0, next = 0; row < cells.Length; row++)
            cells[row] = isThere[row] == 1 ? values[next++] : null;
    }

    private int[] IsThere(ReadOnlySpan<byte> levels, int count)
    {
        var isThere = new int[count];
        if (!column.IsOptional)
        {
            Array.Fill(isThere, 1);
            return isThere;
        }

        var reader = new ByteReader(levels);
        HybridRuns.Read(ref reader, 1, isThere);
        return isThere;
    }
}
