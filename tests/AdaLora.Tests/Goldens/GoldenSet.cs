using System.Text.Json;
using AdaLora.Serialization;
using AdaLora.TestSupport;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Goldens;

/// <summary>One reference file of goldens/core: settings in JSON, tensors beside it.</summary>
internal sealed class GoldenSet : IDisposable
{
    private readonly JsonDocument? _document;
    private readonly Dictionary<string, Tensor> _tensors;

    private GoldenSet(string path, string? tensorPath)
    {
        if (File.Exists(path))
            _document = JsonDocument.Parse(File.ReadAllBytes(path));
        tensorPath ??= Path.ChangeExtension(path, ".safetensors");
        _tensors = [];
        if (File.Exists(tensorPath))
        {
            using var file = SafetensorsFile.Open(tensorPath);
            _tensors = file.ReadAll();
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

    public static GoldenSet Open(string name, string? tensors = null) =>
        new(TestMaterial.RequireGolden("core", name + (tensors is null && !File.Exists(TestMaterial.Golden("core", name + ".json")) ? ".safetensors" : ".json")), tensors is null ? null : TestMaterial.RequireGolden("core", tensors + ".safetensors"));

    public bool Has(string name) => _tensors.ContainsKey(name);

    /// <summary>Entry <paramref name="step"/> of a tensor that stacks one entry per step.</summary>
    public Tensor At(string name, long step) => this[name][step];

    public void Dispose()
    {
        _document?.Dispose();
        foreach (var value in _tensors.Values)
            value.Dispose();
    }
}
