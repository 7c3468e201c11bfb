namespace AdaLora.Glue;

/// <summary>What stands before a page.</summary>
internal readonly struct PageHeader
{
    private const int DataPage = 0;
    private const int DictionaryPage = 2;
    private const int DataPageV2 = 3;

    private PageHeader(ThriftStruct header)
    {
        var kind = header.Count(1, "the kind of a page");
        Size = header.Count(2, "the size of a page");
        CompressedSize = header.Count(3, "the compressed size of a page");
        var details = kind switch
        {
            DataPage => header.Struct(5, "the header of a data page"),
            DictionaryPage => header.Struct(7, "the header of a dictionary"),
            DataPageV2 => header.Struct(8, "the header of a data page"),
            _ => null,
        };
        if (details is null)
            return;
        IsDictionary = kind == DictionaryPage;
        HoldsData = !IsDictionary;
        ValueCount = details.Count(1, "the number of values in a page");
        if (kind != DataPageV2)
        {
            Encoding = (ParquetEncoding)details.Count(2, "the encoding of a page");
            LevelEncoding = IsDictionary ? ParquetEncoding.RunLength : (ParquetEncoding)details.Count(3, "the encoding of a page's levels");
            return;
        }

        Encoding = (ParquetEncoding)details.Count(4, "the encoding of a page");
        LevelEncoding = ParquetEncoding.RunLength;
        LevelBytes = details.Count(5, "the size of a page's levels");
        if (details.FindInteger(6) is not (null or 0))
            throw new InvalidDataException("a column of plain values has repetition levels");
        IsCompressed = details.FindBoolean(7) ?? true;
    }

    /// <summary>Bytes of the content when it is not compressed.</summary>
    public int Size { get; }

    /// <summary>Bytes of the content in the file.</summary>
    public int CompressedSize { get; }

    public bool IsDictionary { get; }

    /// <summary>Whether there are cells of the column in it; pages with neither cells nor a dictionary are passed over.</summary>
    public bool HoldsData { get; }

    /// <summary>Values with those that are missing.</summary>
    public int ValueCount { get; }

    public ParquetEncoding Encoding { get; }

    public ParquetEncoding LevelEncoding { get; }

    /// <summary>How many bytes before the values say which are missing, never compressed (version 2); null when they are compressed with the values and tell their length themselves.</summary>
    public int? LevelBytes { get; }

    public bool IsCompressed { get; } = true;

    public static PageHeader Read(ref ByteReader reader) => new(ThriftStruct.Read(ref reader));
}
