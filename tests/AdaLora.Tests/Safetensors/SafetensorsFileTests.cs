using System.Buffers.Binary;
using System.Text;
using AdaLora.Safetensors;
using AdaLora.TestSupport;
using CsCheck;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Safetensors;

public sealed class SafetensorsFileTests
{
    [Fact]
    public void Tensors_outlive_the_file_and_the_scope_they_were_read_in()
    {
        using var folder = new TemporaryFolder();
        using (NewDisposeScope())
            SafetensorsWriter.Write(folder.File("a"), new Dictionary<string, Tensor> { ["a"] = arange(4, dtype: float32) });
        Tensor tensor;
        using (NewDisposeScope())
        {
            using var file = SafetensorsFile.Open(folder.File("a"));
            tensor = file.Read("a");
        }
        Assert.Equal([0f, 1f, 2f, 3f], tensor.data<float>().ToArray());
        tensor.Dispose();
    }

    [Fact]
    public void Reads_onto_another_device()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(folder.File("a"), new Dictionary<string, Tensor> { ["a"] = ones(2, 3) });
        using var file = SafetensorsFile.Open(folder.File("a"));
        using var onMeta = file.Read("a", device("meta"));
        Assert.Equal(DeviceType.META, onMeta.device_type);
        Assert.Equal([2L, 3L], onMeta.shape);
    }

    [Fact]
    public void Fills_a_parameter_in_place()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(folder.File("a"), new Dictionary<string, Tensor> { ["a"] = arange(6, dtype: float32).view(2, 3) });
        using var file = SafetensorsFile.Open(folder.File("a"));
        var parameter = new TorchSharp.Modules.Parameter(zeros(2, 3));
        using var alias = parameter.detach();

        file.ReadInto("a", parameter);

        Assert.Equal([0f, 1f, 2f, 3f, 4f, 5f], alias.data<float>().ToArray());
        Assert.True(parameter.is_leaf && parameter.requires_grad);
    }

    [Fact]
    public void Fills_other_element_types_and_layouts_by_converting()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(folder.File("a"), new Dictionary<string, Tensor> { ["a"] = arange(6, dtype: float16).view(2, 3), ["scalar"] = tensor(5f) });
        using var file = SafetensorsFile.Open(folder.File("a"));
        var (wide, turned, scalar) = (new TorchSharp.Modules.Parameter(zeros(2, 3, dtype: float64)), zeros(3, 2, dtype: float16).t(), zeros(1).squeeze());

        file.ReadInto("a", wide);
        file.ReadInto("a", turned);
        file.ReadInto("scalar", scalar);

        Assert.Equal([0d, 1, 2, 3, 4, 5], wide.detach().data<double>().ToArray());
        Assert.Equal([0f, 1f, 2f, 3f, 4f, 5f], turned.to(float32).contiguous().data<float>().ToArray());
        Assert.Equal(5f, scalar.item<float>());
    }

    [Fact]
    public void Converts_a_large_tensor_piece_by_piece_to_the_same_values()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var stored = rand(3001, 3, 200);
        SafetensorsWriter.Write(folder.File("a"), new Dictionary<string, Tensor> { ["before"] = rand(5), ["a"] = stored });
        using var file = SafetensorsFile.Open(folder.File("a"));
        var (half, turned) = (empty(stored.shape, bfloat16), empty([200, 3, 3001]).transpose(0, 2));

        file.ReadInto("a", half);
        file.ReadInto("a", turned);

        Assert.True(half.eq(stored.to(bfloat16)).all().item<bool>());
        Assert.True(turned.eq(stored).all().item<bool>());
    }

    [Fact]
    public void Fills_nothing_of_another_shape()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(folder.File("a"), new Dictionary<string, Tensor> { ["a"] = ones(2, 3) });
        using var file = SafetensorsFile.Open(folder.File("a"));

        var error = Assert.Throws<ArgumentException>(() => file.ReadInto("a", zeros(3, 2)));

        Assert.Contains("'a' has the shape [2, 3] instead of [3, 2]", error.Message, StringComparison.Ordinal);
        _ = Assert.Throws<KeyNotFoundException>(() => file.ReadInto("b", zeros(2, 3)));
    }

    [Fact]
    public void Names_the_missing_tensor()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("a"), Encode("{}", []));
        using var file = SafetensorsFile.Open(folder.File("a"));
        Assert.Contains("'no.such'", Assert.Throws<KeyNotFoundException>(() => file.Read("no.such")).Message);
        file.Dispose();
        _ = Assert.Throws<ObjectDisposedException>(() => file.Read("no.such"));
    }

    [Fact]
    public void Notices_that_the_file_shrank_after_opening()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("a"), Encode("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", [1, 2, 3, 4]));
        using var file = SafetensorsFile.Open(folder.File("a"));
        using (var writer = new FileStream(folder.File("a"), FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            writer.SetLength(writer.Length - 2);
        Assert.Equal("a", Assert.Throws<SafetensorsException>(() => file.Read("a")).TensorName);
    }

    [Fact]
    public void A_missing_file_is_reported_as_such() => Assert.Throws<FileNotFoundException>(() => SafetensorsFile.Open(Path.Combine(Path.GetTempPath(), "no-such.safetensors")));

    [Theory]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:00", "git lfs pull")]
    [InlineData("<!doctype html><html></html>", "web page")]
    public void Says_what_was_stored_in_place_of_the_weights(string content, string hint)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("a"), content);
        Assert.Contains(hint, Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(folder.File("a"))).Message);
    }

    /// <summary>Whatever is done to a good file, the reader returns tensors or throws its own exception, never another one, and never returns bytes outside the file.</summary>
    [Fact]
    public void Damaged_files_never_cause_another_exception()
    {
        using var folder = new TemporaryFolder();
        using (NewDisposeScope())
            SafetensorsWriter.Write(folder.File("good"), new Dictionary<string, Tensor> { ["a"] = ones(3), ["b"] = zeros(2, 2, dtype: int16), ["c"] = ones(5, dtype: @bool) });
        var good = File.ReadAllBytes(folder.File("good"));
        Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte, Gen.Int[0, good.Length]).Array[1, 3].Sample(
            damages =>
            {
                var bytes = good.ToArray();
                foreach (var (position, value, _) in damages)
                    bytes[position] = value;
                var path = folder.File("damaged");
                File.WriteAllBytes(path, damages[0].Item3 % 4 == 0 ? bytes[..damages[0].Item3] : bytes);
                try
                {
                    using var file = SafetensorsFile.Open(path);
                    foreach (var tensor in file.ReadAll().Values.Concat(file.Entries.Keys.Select(file.Map)))
                        tensor.Dispose();
                }
                catch (SafetensorsException)
                {
                }
            },
            iter: 3000,
            threads: 1);
    }

    /// <summary>A file with the given header.</summary>
    internal static byte[] Encode(string header, byte[] data)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)json.Length);
        return [.. length, .. json, .. data];
    }
}
