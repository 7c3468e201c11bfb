using System.Text.Json;
using AdaLora.Safetensors;
using AdaLora.TestSupport;
using TorchSharp;
using Xunit;

namespace AdaLora.Tests.Safetensors;

/// <summary>Files that the reference library reads or refuses, listed by the manifests beside them.</summary>
public sealed class SafetensorsGoldenTests
{
    private static readonly string[] Folders = ["safetensors", "safetensors/more"];

    public static TheoryData<string> Invalid => Cases("invalid", _ => true);

    public static TheoryData<string> Valid => Cases("valid", _ => true);

    public static TheoryData<string> UnusualButLoadedByTheReference => Cases("unusual", facts => facts.GetProperty("reference").GetString() == "loads");

    public static TheoryData<string> UnusualAndRefusedByTheReference => Cases("unusual", facts => facts.GetProperty("reference").GetString() == "refuses");

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Invalid))]
    [MemberData(nameof(UnusualAndRefusedByTheReference))]
    public void Refuses_with_a_message_that_names_the_file(string file)
    {
        var path = PathOf(file);
        var exception = Assert.Throws<SafetensorsException>(() => ReadEverything(path).Dispose());
        Assert.Equal(path, exception.Path);
        Assert.Contains(path, exception.Message);
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Valid))]
    public void Reads_the_expected_bits(string file)
    {
        using var content = ReadEverything(PathOf(file));
        AssertIsAsStated(Facts(file), content);
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(UnusualButLoadedByTheReference))]
    public void Reads_what_the_reference_reads_or_refuses_it(string file)
    {
        Content content;
        try
        {
            content = ReadEverything(PathOf(file));
        }
        catch (SafetensorsException)
        {
            return;
        }
        using (content)
            AssertIsAsStated(Facts(file), content);
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Valid))]
    public void Survives_writing_and_reading_again(string file)
    {
        using var folder = new TemporaryFolder();
        using (var content = ReadEverything(PathOf(file)))
            SafetensorsWriter.Write(folder.File("copy.safetensors"), content.Tensors, content.Metadata);
        using var copy = ReadEverything(folder.File("copy.safetensors"));
        AssertIsAsStated(Facts(file), copy);
    }

    private static void AssertIsAsStated(JsonElement facts, Content content)
    {
        var expected = facts.TryGetProperty("tensors", out var tensors) ? tensors : facts;
        var names = expected.EnumerateObject().Where(property => property.Value.ValueKind == JsonValueKind.Object).ToList();
        Assert.Equal(names.Select(property => property.Name).Order(StringComparer.Ordinal), content.Tensors.Keys.Order(StringComparer.Ordinal));
        foreach (var property in names)
        {
            var tensor = content.Tensors[property.Name];
            Assert.Equal(property.Value.GetProperty("shape").EnumerateArray().Select(value => value.GetInt64()), tensor.shape);
            Assert.Equal(property.Value.GetProperty("dtype").GetString(), FormatName(tensor.dtype));
            if (property.Value.TryGetProperty("bytes", out var bytes))
                Assert.Equal(bytes.GetString(), BytesOf(tensor), ignoreCase: true);
            else
                Assert.Equal(property.Value.GetProperty("values").EnumerateArray().Select(ToDouble), Values(tensor));
        }
        if (facts.TryGetProperty("metadata", out var metadata))
            Assert.Equal(metadata.ValueKind == JsonValueKind.Null ? [] : metadata.EnumerateObject().ToDictionary(pair => pair.Name, pair => pair.Value.GetString()!), content.Metadata);
    }

    private static double ToDouble(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => 1,
        JsonValueKind.False => 0,
        _ => value.GetDouble(),
    };

    // TorchSharp's accessor can't copy an empty tensor.
    private static double[] Values(torch.Tensor tensor)
    {
        using var wide = tensor.to(torch.float64, copy: true);
        return wide.NumberOfElements == 0 ? [] : wide.data<double>().ToArray();
    }

    private static string BytesOf(torch.Tensor tensor) => tensor.NumberOfElements == 0 ? string.Empty : Convert.ToHexString(tensor.bytes);

    private static string FormatName(torch.ScalarType type) => type switch
    {
        torch.ScalarType.Float64 => "F64",
        torch.ScalarType.Float32 => "F32",
        torch.ScalarType.Float16 => "F16",
        torch.ScalarType.BFloat16 => "BF16",
        torch.ScalarType.Int64 => "I64",
        torch.ScalarType.Int32 => "I32",
        torch.ScalarType.Int16 => "I16",
        torch.ScalarType.Int8 => "I8",
        torch.ScalarType.Byte => "U8",
        torch.ScalarType.Bool => "BOOL",
        _ => type.ToString(),
    };

    private static Content ReadEverything(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return new Content(file.ReadAll(), file.Metadata);
    }

    private static string PathOf(string file) => TestMaterial.RequireGolden("models", file + ".safetensors");

    private static JsonElement Facts(string file)
    {
        var kind = Path.GetDirectoryName(file)!;
        using var manifest = JsonDocument.Parse(File.ReadAllBytes(TestMaterial.Golden("models", Path.GetDirectoryName(kind)!, "manifest.json")));
        return manifest.RootElement.GetProperty(Path.GetFileName(kind)).GetProperty(Path.GetFileName(file)).Clone();
    }

    private static TheoryData<string> Cases(string kind, Func<JsonElement, bool> wanted)
    {
        var cases = new TheoryData<string>();
        foreach (var folder in Folders)
        {
            var path = TestMaterial.Golden("models", folder, "manifest.json");
            if (!File.Exists(path))
                continue;
            using var manifest = JsonDocument.Parse(File.ReadAllBytes(path));
            if (!manifest.RootElement.TryGetProperty(kind, out var files))
                continue;
            foreach (var file in files.EnumerateObject().Where(file => wanted(file.Value)))
                cases.Add($"{folder}/{kind}/{file.Name}");
        }
        return cases;
    }

    private sealed record Content(Dictionary<string, torch.Tensor> Tensors, IReadOnlyDictionary<string, string> Metadata) : IDisposable
    {
        public void Dispose()
        {
            foreach (var tensor in Tensors.Values)
                tensor.Dispose();
        }
    }
}
