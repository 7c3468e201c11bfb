using System.Buffers.Binary;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Tables;
using AdaLora.Glue.Tasks;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Glue.Tests.Tables;

/// <summary>Files of a few bytes that claim to hold gigabytes, or to go on forever.</summary>
public sealed class ParquetClaimsTests : IDisposable
{
    private const int Gzip = 2;
    private const int DataPage = 0;
    private const int DictionaryPage = 2;
    private const long Huge = int.MaxValue;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_honest_file_of_these_bytes_is_read() => Assert.Equal(["a", "bc"], Read(File(2, Page(2, Texts("a", "bc")))));

    [Fact]
    public void A_page_of_version_2_has_its_levels_before_its_compressed_values()
    {
        var values = Texts("a", "bc");
        byte[] levels = [3 << 1, 1, 1 << 1, 0, 2 << 1, 1];
        var header = new ThriftBytes().Integer(1, 3).Integer(2, levels.Length + values.Length).Integer(3, levels.Length + values.Length)
            .Struct(8, new ThriftBytes().Integer(1, 3).Integer(2, 1).Integer(3, 3).Integer(4, 0).Integer(5, levels.Length).Integer(6, 0).Boolean(7, false));
        // Only as many levels are read as there are rows.
        levels[0] = 1 << 1;
        levels[4] = 1 << 1;

        Assert.Equal(["a", null, "bc"], Read(File(3, [.. header.ToArray(), .. levels, .. values], isOptional: true, codec: Gzip)));
    }

    [Fact]
    public void A_page_of_gigabytes() => Refused(File(1, Page(1, Texts("a"), size: Huge), codec: Gzip), "far more memory");

    [Fact]
    public void A_page_of_negative_size() => Refused(File(1, Page(1, Texts("a"), compressedSize: -5)), "column 'sentence'");

    [Fact]
    public void Billions_of_rows_without_values() => Refused(File(Huge, Page(Huge, [5, 0, 0, 0, .. ThriftBytes.Varint(Huge << 1)[..4], 0]), isOptional: true), "more than 16");

    [Fact]
    public void Rows_of_many_groups_are_added_up() => Refused(File(60_000, Page(1, Texts("a")), groups: 2), "more than 16");

    [Fact]
    public void Pages_that_many_groups_name_are_paid_for_each_time() => Refused(File(1, Page(1, Texts(new string('a', 50_000))), groups: 2_000), "more than 64");

    [Fact]
    public void A_dictionary_of_billions() => Refused(File(1, Page(Huge, Texts("a"), kind: DictionaryPage)), "far more memory");

    [Fact]
    public void Pages_without_values_end_with_the_file() => Refused(File(1, [.. Enumerable.Repeat(Page(0, []), 100).SelectMany(page => page)]), "column 'sentence'");

    [Fact]
    public void A_list_of_billions() => Refused(Wrap([], new ThriftBytes().List(2, ThriftBytes.StructType, uint.MaxValue, [])), "description");

    [Fact]
    public void A_list_that_would_fill_the_memory() => Refused(Wrap([], new ThriftBytes().List(2, ThriftBytes.StructType, 1 << 30, [])), "far more memory");

    [Fact]
    public void A_text_of_more_bytes_than_a_number_can_say() => Refused(Wrap([], new ThriftBytes().List(2, ThriftBytes.BinaryType, 1, ThriftBytes.Varint(ulong.MaxValue))), "description");

    [Fact]
    public void Structures_without_end()
    {
        var nested = new ThriftBytes();
        for (var depth = 0; depth < 200; depth++)
            nested = new ThriftBytes().Struct(2, nested);

        Refused(Wrap([], nested), "description");
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    public void Pages_outside_of_the_file(long start) => Refused(File(1, Page(1, Texts("a")), start: start), "column 'sentence'");

    [Fact]
    public void A_description_longer_than_the_file()
    {
        var file = File(1, Page(1, Texts("a")));
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(file.Length - 8), uint.MaxValue);

        Refused(file, "description");
    }

    // The library looks for an end beyond that of the file, forever.
    [Fact]
    public void A_description_without_an_end()
    {
        var file = File(1, Page(1, Texts("a")));
        file[^9] = ThriftBytes.BinaryType;

        Refused(file, "stopped after 5 seconds");
    }

    private void Refused(byte[] file, string reason)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();

        var error = Assert.Throws<InvalidDataException>(() => Read(file));

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 128L << 20);
    }

    private IReadOnlyList<object?> Read(byte[] file)
    {
        var path = _folder.File("crafted.parquet");
        System.IO.File.WriteAllBytes(path, file);
        return ParquetTable.Read(path, ["sentence"], new ApplicationProgram(typeof(GlueTasks).Assembly))["sentence"];
    }

    private static byte[] File(long rows, byte[] pages, int groups = 1, bool isOptional = false, int codec = 0, long start = 4)
    {
        var column = new ThriftBytes().Integer(1, 6).List(2, ThriftBytes.IntegerType, 1, [0]).List(3, ThriftBytes.BinaryType, 1, [8, .. "sentence"u8]).Integer(4, codec).Integer(5, rows)
            .Integer(6, pages.Length).Integer(7, pages.Length).Integer(9, start);
        var group = new ThriftBytes().List(1, new ThriftBytes().Integer(2, 4).Struct(3, column)).Integer(2, pages.Length).Integer(3, rows);
        var root = new ThriftBytes().Text(4, "schema").Integer(5, 1);
        var element = new ThriftBytes().Integer(1, 6).Integer(3, isOptional ? 1 : 0).Text(4, "sentence").Integer(6, 0);
        return Wrap(pages, new ThriftBytes().Integer(1, 1).List(2, root, element).Integer(3, rows).List(4, [.. Enumerable.Repeat(group, groups)]));
    }

    private static byte[] Wrap(byte[] pages, ThriftBytes description)
    {
        var bytes = description.ToArray();
        return [.. "PAR1"u8, .. pages, .. bytes, .. BitConverter.GetBytes(bytes.Length), .. "PAR1"u8];
    }

    private static byte[] Page(long values, byte[] content, long? size = null, long? compressedSize = null, int kind = DataPage) =>
    [
        .. new ThriftBytes().Integer(1, kind).Integer(2, size ?? content.Length).Integer(3, compressedSize ?? content.Length)
            .Struct(kind == DataPage ? 5 : 7, new ThriftBytes().Integer(1, values).Integer(2, 0).Integer(3, 3).Integer(4, 3)).ToArray(),
        .. content,
    ];

    private static byte[] Texts(params string[] texts) => [.. texts.SelectMany(text => (byte[])[.. BitConverter.GetBytes(text.Length), .. System.Text.Encoding.ASCII.GetBytes(text)])];
}
