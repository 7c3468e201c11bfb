using System.Text.Json;
using AdaLora.Safetensors;
using AdaLora.TestSupport;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Goldens;

/// <summary>One reference file of goldens/core: settings in JSON, tensors beside it.</summary>
internal sealed class GoldenSet : IDisposable
{
    private readonly JsonDocument? _document;
    private readonly Dictionary<string, Tensor> _tensors;

    private GoldenSet(string? json, string? tensors)
    {
        _document = json is null ? null : JsonDocument.Parse(File.ReadAllBytes(json));
        _tensors = [];
        if (tensors is not null)
        {
            using var file = SafetensorsFile.Open(tensors);
            _tensors = TestDevice.Moved(file.ReadAll());
        }
    }

    public JsonElement Json => _document!.RootElement;

    public Tensor this[string name] => _tensors.TryGetValue(name, out var found) ? found : throw new KeyNotFoundException($"No tensor '{name}'.");

    public static TheoryData<string> Names(string pattern) =>
        [.. TestMaterial.GoldenFiles("core", pattern + ".json").Select(p => Path.GetFileNameWithoutExtension(p)!)];

    public static TheoryData<int, string> Cases(string file)
    {
        var data = new TheoryData<int, string>();
        var path = TestMaterial.Golden("core", file + ".json");
        if (!File.Exists(path))
            return data;
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        var index = 0;
        foreach (var item in document.RootElement.GetProperty("cases").EnumerateArray())
            data.Add(index++, item.GetProperty("name").GetString()!);
        return data;
    }

    /// <summary>Settings and tensors of one name; either file may be missing, not both.</summary>
    public static GoldenSet Open(string name, string? tensors = null)
    {
        var json = Existing(name + ".json");
        var data = Existing((tensors ?? name) + ".safetensors");
        if (json is null && data is null)
            TestMaterial.RequireGolden("core", name + ".json");
        return new GoldenSet(json, data);
    }

    public bool Has(string name) => _tensors.ContainsKey(name);

    /// <summary>Entry <paramref name="step"/> of a tensor that stacks one entry per step.</summary>
    public Tensor At(string name, long step) => this[name][step];

    public void Dispose()
    {
        _document?.Dispose();
        foreach (var value in _tensors.Values)
            value.Dispose();
    }

    private static string? Existing(string file)
    {
        var path = TestMaterial.Golden("core", file);
        return File.Exists(path) ? path : null;
    }
}
