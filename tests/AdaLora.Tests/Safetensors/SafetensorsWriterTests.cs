using System.Buffers.Binary;
using System.Text;
using AdaLora.Safetensors;
using AdaLora.TestSupport;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Safetensors;

public sealed class SafetensorsWriterTests
{
    [Fact]
    public void Lays_out_an_aligned_padded_header_with_ordinal_names()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var path = folder.File("a.safetensors");
        SafetensorsWriter.Write(
            path,
            new Dictionary<string, Tensor> { ["b"] = ones(3, dtype: float16), ["a"] = zeros(1, dtype: int8), ["B"] = ones(2, dtype: float64) },
            new Dictionary<string, string> { ["format"] = "pt" });

        var bytes = File.ReadAllBytes(path);
        var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        Assert.Equal(0, length % 8);
        var header = Encoding.UTF8.GetString(bytes, 8, length);
        Assert.Equal(
            """{"__metadata__":{"format":"pt"},"B":{"dtype":"F64","shape":[2],"data_offsets":[0,16]},"a":{"dtype":"I8","shape":[1],"data_offsets":[22,23]},"b":{"dtype":"F16","shape":[3],"data_offsets":[16,22]}}""",
            header.TrimEnd(' '));
        Assert.Equal(8 + length + 23, bytes.Length);
    }

    [Fact]
    public void Writes_views_and_leaves_the_tensors_alone()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var path = folder.File("views.safetensors");
        var matrix = arange(12, dtype: float32).view(3, 4);
        var weight = nn.Parameter(ones(2));
        SafetensorsWriter.Write(path, new Dictionary<string, Tensor> { ["transposed"] = matrix.t(), ["column"] = matrix.narrow(1, 1, 1), ["weight"] = weight });

        using var file = SafetensorsFile.Open(path);
        var read = file.ReadAll();
        Assert.Equal(matrix.t().contiguous().data<float>().ToArray(), read["transposed"].data<float>().ToArray());
        Assert.Equal([1f, 5f, 9f], read["column"].data<float>().ToArray());
        Assert.True(weight.requires_grad);
        Assert.False(read["weight"].requires_grad);
        foreach (var tensor in read.Values)
            tensor.Dispose();
    }

    [Fact]
    public void Replaces_a_file_only_when_everything_is_written()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var path = folder.File("kept.safetensors");
        SafetensorsWriter.Write(path, new Dictionary<string, Tensor> { ["a"] = ones(1) });
        var before = File.ReadAllBytes(path);

        var disposed = ones(1);
        disposed.Dispose();
        _ = Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(path, new Dictionary<string, Tensor> { ["a"] = zeros(1), ["b"] = disposed }));
        Assert.Equal(before, File.ReadAllBytes(path));

        SafetensorsWriter.Write(path, new Dictionary<string, Tensor> { ["a"] = zeros(1) });
        Assert.NotEqual(before, File.ReadAllBytes(path));
        Assert.Equal([path], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Refuses_names_and_types_the_format_cannot_hold()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var path = folder.File("a.safetensors");
        foreach (var name in new[] { "__metadata__", "\ud800" })
            _ = Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(path, new Dictionary<string, Tensor> { [name] = ones(1) }));
        var complex = Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(path, new Dictionary<string, Tensor> { ["z"] = zeros(1, dtype: complex64) }));
        Assert.Contains("'z'", complex.Message);
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void The_same_tensors_give_the_same_bytes()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var (a, b) = (ones(5), arange(3));
        SafetensorsWriter.Write(folder.File("1"), new Dictionary<string, Tensor> { ["a"] = a, ["b"] = b });
        SafetensorsWriter.Write(folder.File("2"), new Dictionary<string, Tensor> { ["b"] = b, ["a"] = a });
        Assert.Equal(File.ReadAllBytes(folder.File("1")), File.ReadAllBytes(folder.File("2")));
    }
}
