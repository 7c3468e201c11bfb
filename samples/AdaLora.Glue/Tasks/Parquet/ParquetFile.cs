using System.Buffers.Binary;

namespace AdaLora.Glue;

/// <summary>
/// A reader of parquet for tables: columns of texts, numbers and truth values. Nothing that a file claims is believed before it is held against the file's size, so that memory and time are bounded for
/// damaged and for crafted files too; the usual libraries trust page headers and lists in the description, and then allocate gigabytes or never come back.
/// </summary>
/// <remarks>Supported are pages of version 1 and 2, plain, by dictionary, as runs, as differences and split by bytes; uncompressed or compressed by Snappy, gzip, Brotli or Zstandard.</remarks>
internal sealed class ParquetFile
{
    private static ReadOnlySpan<byte> Magic => "PAR1"u8;

    private readonly byte[] _content;
    private readonly int _descriptionStart;
    private readonly IReadOnlyList<ParquetColumn> _columns;
    private readonly IReadOnlyList<ThriftStruct> _rowGroups;
    private readonly ParquetBudget _budget;

    private ParquetFile(byte[] content, int descriptionStart)
    {
        var reader = new ByteReader(content.AsSpan(descriptionStart));
        var description = ThriftStruct.Read(ref reader);
        _content = content;
        _descriptionStart = descriptionStart;
        _columns = ParquetColumn.ReadAll(description.Structs(2, "the columns"));
        _rowGroups = description.Structs(4, "the groups of rows");
        _budget = new ParquetBudget(content.Length);
        var rows = _rowGroups.Sum(group => (long)RowsOf(group));
        _budget.SpendRows(rows);
        RowCount = (int)rows;
    }

    /// <summary>The names of the columns that can be read.</summary>
    public IEnumerable<string> Columns => _columns.Select(column => column.Name);

    /// <summary>The rows of all groups.</summary>
    public int RowCount { get; }

    /// <summary>Reads what the file says about itself.</summary>
    /// <exception cref="InvalidDataException">It is no parquet file, or damaged.</exception>
    public static ParquetFile Open(byte[] content)
    {
        const int LengthBytes = sizeof(uint);
        if (content.Length < (2 * Magic.Length) + LengthBytes || !content.AsSpan().StartsWith(Magic) || !content.AsSpan().EndsWith(Magic))
            throw new InvalidDataException("it does not begin and end with PAR1");
        var descriptionEnd = content.Length - Magic.Length - LengthBytes;
        var length = BinaryPrimitives.ReadUInt32LittleEndian(content.AsSpan(descriptionEnd));
        if (length > descriptionEnd - Magic.Length)
            throw new InvalidDataException($"its description claims {length} bytes of {content.Length}");
        return new ParquetFile(content, descriptionEnd - (int)length);
    }

    /// <summary>The cells of a column, row by row: a text, a number, a truth value, or null. All null when there is no such column.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, or written in a way that is not supported.</exception>
    public object?[] Read(string name)
    {
        var cells = new object?[RowCount];
        if (_columns.FirstOrDefault(column => column.Name == name) is not { } column)
            return cells;
        var start = 0;
        foreach (var group in _rowGroups)
        {
            var rows = RowsOf(group);
            new ColumnChunk(column, MetadataOf(group, name), _budget).ReadInto(_content.AsSpan(0, _descriptionStart), cells.AsSpan(start, rows));
            start += rows;
        }

        return cells;
    }

    private static int RowsOf(ThriftStruct group) => group.Count(3, "the number of rows of a group");

    private static ThriftStruct MetadataOf(ThriftStruct group, string column) =>
        group.Structs(1, "the columns of a group").Select(chunk => chunk.Struct(3, "the description of a column"))
            .FirstOrDefault(metadata => metadata.Texts(3, "the names of a column") is [var only] && only == column)
        ?? throw new InvalidDataException($"column '{column}' is missing in a group of rows");
}
