using Parquet;
using Parquet.Schema;
using Parquet.Serialization;
using Xunit;

namespace AdaLora.Glue.Tests;

/// <summary>What another library writes, read again.</summary>
public sealed class ParquetFileTests
{
    // More rows than fit a page's smallest units, and counts that no unit divides.
    private const int Rows = 2_377;

    public static TheoryData<CompressionMethod, EncodingHint> Kinds =>
    [
        .. from method in (CompressionMethod[])[CompressionMethod.None, CompressionMethod.Snappy, CompressionMethod.Gzip, CompressionMethod.Brotli, CompressionMethod.Zstd]
           from hint in (EncodingHint[])[EncodingHint.Default, EncodingHint.Dictionary, EncodingHint.DeltaBinaryPacked, EncodingHint.ByteSplitStream]
           select (method, hint),
    ];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_kind_of_column_comes_back(CompressionMethod method, EncodingHint hint)
    {
        var random = new Random(1);
        Dictionary<string, Func<int, object?>> columns = new()
        {
            ["text"] = row => row % 5 == 0 ? null : $"text {row % 11} \u00e9\ud83d\ude00",
            ["long"] = row => (long)random.Next() * random.Next() * (row % 2 == 0 ? 1 : -1),
            ["int"] = row => random.Next(int.MinValue, int.MaxValue),
            ["float"] = row => random.NextSingle(),
            ["double"] = row => random.NextDouble(),
            ["bool"] = row => random.Next(2) == 0,
        };
        var rows = Enumerable.Range(0, Rows).Select(row => columns.ToDictionary(column => column.Key, column => column.Value(row))).ToList();

        var file = ParquetFile.Open(Write(rows, method, hint));

        Assert.Equal(columns.Keys, file.Columns);
        Assert.Equal(Rows, file.RowCount);
        Assert.All(columns.Keys, name => Assert.Equal(rows.Select(row => row[name] is int number ? (long)number : row[name]), file.Read(name)));
    }

    [Fact]
    public void A_column_that_is_not_there_has_no_values() =>
        Assert.Equal([null], ParquetFile.Open(Write([new() { ["text"] = "a" }], CompressionMethod.Snappy, EncodingHint.Default)).Read("other"));

    [Theory]
    [InlineData(CompressionMethod.LZ4, "Lz4 are not supported")]
    [InlineData(CompressionMethod.Lz4Raw, "Lz4Raw are not supported")]
    public void Other_compression_is_refused_by_name(CompressionMethod method, string reason) =>
        Assert.Contains(reason, Assert.Throws<InvalidDataException>(() => ParquetFile.Open(Write([new() { ["text"] = "a" }], method, EncodingHint.Default)).Read("text")).Message, StringComparison.Ordinal);

    private static byte[] Write(IReadOnlyList<Dictionary<string, object?>> rows, CompressionMethod method, EncodingHint hint)
    {
        var schema = new ParquetSchema(rows[^1].Select(cell => (Field)new DataField(cell.Key, cell.Value!.GetType(), isNullable: cell.Value is string)));
        var options = new ParquetOptions { CompressionMethod = method, RowGroupSize = 1_000 };
        foreach (var name in rows[^1].Keys)
            options.ColumnEncodingHints[name] = hint;
        using var stream = new MemoryStream();
        ParquetSerializer.SerializeUntypedAsync([.. rows], schema, stream, options).GetAwaiter().GetResult();
        return stream.ToArray();
    }
}
