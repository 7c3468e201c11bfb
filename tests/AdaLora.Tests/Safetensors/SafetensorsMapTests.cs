using AdaLora.Safetensors;
using AdaLora.TestSupport;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Safetensors;

public sealed class SafetensorsMapTests
{
    [Fact]
    public void Gives_what_reading_gives()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(folder.File("a"), new Dictionary<string, Tensor>
        {
            ["floats"] = randn(7, 3),
            ["halves"] = randn(5).to(float16),
            ["numbers"] = arange(4, dtype: int64).view(2, 1, 2),
            ["scalar"] = tensor(5.0),
            ["empty"] = zeros(0, 3),
            ["truths"] = tensor([true, false, true]),
            ["bytes"] = tensor(new byte[] { 1, 2, 3 }),
        });
        using var file = SafetensorsFile.Open(folder.File("a"));

        Assert.Equal(7, file.Entries.Count);
        Assert.All(file.Entries.Keys, name => AssertSame(file, name));
    }

    [Fact]
    public void Reads_what_does_not_begin_at_a_multiple_of_its_element_size()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var header = """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}""";
        // Whole words, so that "b" begins one byte after a multiple of its size.
        header = header.PadRight((header.Length + 7) / 8 * 8);
        File.WriteAllBytes(folder.File("a"), SafetensorsFileTests.Encode(header, [7, 0, 0, 128, 63]));
        using var file = SafetensorsFile.Open(folder.File("a"));

        AssertSame(file, "a");
        AssertSame(file, "b");
        Assert.Equal(1f, file.Map("b").item<float>());
    }

    [Fact]
    public void Writing_to_the_tensor_leaves_the_file_alone()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(folder.File("a"), new Dictionary<string, Tensor> { ["a"] = arange(4, dtype: float32) });
        var before = File.ReadAllBytes(folder.File("a"));
        using var file = SafetensorsFile.Open(folder.File("a"));
        var mapped = file.Map("a");

        mapped.add_(1);

        Assert.Equal([1f, 2f, 3f, 4f], mapped.data<float>().ToArray());
        Assert.Equal(before, File.ReadAllBytes(folder.File("a")));
        // One object maps once.
        Assert.Equal([1f, 2f, 3f, 4f], file.Map("a").data<float>().ToArray());
        using var again = SafetensorsFile.Open(folder.File("a"));
        AssertSame(again, "a");
    }

    [Fact]
    public void The_tensor_outlives_the_file_object_its_scope_and_a_file_put_in_its_place()
    {
        using var folder = new TemporaryFolder();
        SafetensorsWriter.Write(folder.File("a"), new Dictionary<string, Tensor> { ["a"] = arange(4, dtype: float32) });
        Tensor mapped;
        using (NewDisposeScope())
        {
            using var file = SafetensorsFile.Open(folder.File("a"));
            mapped = file.Map("a");
        }

        SafetensorsWriter.Write(folder.File("b"), new Dictionary<string, Tensor> { ["a"] = zeros(1) });
        File.Move(folder.File("b"), folder.File("a"), overwrite: true);

        Assert.Equal([0f, 1f, 2f, 3f], mapped.data<float>().ToArray());
        mapped.Dispose();
    }

    [Fact]
    public void Says_that_the_file_has_become_shorter_or_is_gone_or_closed()
    {
        using var folder = new TemporaryFolder();
        SafetensorsWriter.Write(folder.File("a"), new Dictionary<string, Tensor> { ["a"] = arange(4, dtype: float32), ["b"] = arange(4, dtype: float64) });
        using var file = SafetensorsFile.Open(folder.File("a"));
        using (var writer = new FileStream(folder.File("a"), FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
            writer.SetLength(writer.Length - 2);
        Assert.Contains("shorter", Assert.Throws<SafetensorsException>(() => file.Map(file.Entries.Values.MaxBy(e => e.End)!.Name)).Message, StringComparison.Ordinal);

        File.Delete(folder.File("a"));
        Assert.Contains("can't be mapped", Assert.Throws<SafetensorsException>(() => file.Map(file.Entries.Values.MinBy(e => e.End)!.Name)).Message, StringComparison.Ordinal);
        file.Dispose();
        _ = Assert.Throws<ObjectDisposedException>(() => file.Map("a"));
    }

    private static void AssertSame(SafetensorsFile file, string name)
    {
        using var read = file.Read(name);
        using var mapped = file.Map(name);
        Assert.Equal((read.dtype, string.Join(",", read.shape)), (mapped.dtype, string.Join(",", mapped.shape)));
        Assert.True(mapped.is_contiguous() && mapped.bytes.SequenceEqual(read.bytes), name);
    }
}
