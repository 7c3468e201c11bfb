using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Tables;
using AdaLora.Glue.Tasks;
using AdaLora.TestSupport;
using Parquet;
using Parquet.Schema;
using Parquet.Serialization;
using Xunit;

namespace AdaLora.Glue.Tests.Tables;

/// <summary>What another library writes, read again.</summary>
public sealed class ParquetTableTests : IDisposable
{
    // More rows than fit a page's smallest units, and counts that no unit divides.
    private const int Rows = 2_377;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<CompressionMethod, EncodingHint> Kinds =>
    [
        .. from method in (CompressionMethod[])[CompressionMethod.None, CompressionMethod.Snappy, CompressionMethod.Gzip, CompressionMethod.Brotli, CompressionMethod.Zstd, CompressionMethod.Lz4Raw]
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

        var table = Read(Write(rows, method, hint), [.. columns.Keys]);

        Assert.Equal(columns.Keys, table.Columns);
        Assert.Equal(Rows, table.RowCount);
        Assert.All(columns.Keys, name => Assert.Equal(rows.Select(row => row[name] is int number ? (long)number : row[name]), table[name]));
    }

    [Fact]
    public void A_column_that_is_not_there_has_no_values()
    {
        var table = Read(Write([new() { ["text"] = "a" }], CompressionMethod.Snappy, EncodingHint.Default), ["other"]);

        Assert.Equal([null], table["other"]);
        Assert.Equal(["text"], table.Columns);
    }

    [Fact]
    public void A_column_of_dates_is_refused_by_name()
    {
        var path = Write([new() { ["text"] = "a", ["day"] = new DateTime(2023, 3, 18) }], CompressionMethod.Snappy, EncodingHint.Default);

        Assert.Equal(["a"], Read(path, ["text"])["text"]);
        Assert.Contains("column 'day': values of type DateTime are not supported", Assert.Throws<InvalidDataException>(() => Read(path, ["day"])).Message, StringComparison.Ordinal);
    }

    private static ParquetTable Read(string path, IReadOnlyList<string> columns) => ParquetTable.Read(path, columns, new ApplicationProgram(typeof(GlueTasks).Assembly));

    private string Write(IReadOnlyList<Dictionary<string, object?>> rows, CompressionMethod method, EncodingHint hint)
    {
        var schema = new ParquetSchema(rows[^1].Select(cell => (Field)new DataField(cell.Key, cell.Value!.GetType(), isNullable: cell.Value is string)));
        var options = new ParquetOptions { CompressionMethod = method, RowGroupSize = 1_000 };
        foreach (var name in rows[^1].Keys)
            options.ColumnEncodingHints[name] = hint;
        var path = _folder.File("table.parquet");
        using var stream = File.Create(path);
        ParquetSerializer.SerializeUntypedAsync([.. rows], schema, stream, options).GetAwaiter().GetResult();
        return path;
    }
}
