using System.Text.Json;
using AdaLora.Safetensors;
using AdaLora.TestSupport;
using AdaLora.Transformers.Loading;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Families;

/// <summary>One folder of goldens/models: a tiny checkpoint and what the reference computed with it.</summary>
internal sealed class EncoderGolden : IDisposable
{
    private readonly Dictionary<string, Tensor> _tensors = new(StringComparer.Ordinal);

    public EncoderGolden(string name)
    {
        Folder = TestMaterial.RequireGolden("models", name);
        foreach (var file in (string[])["io.safetensors", "detail.safetensors"])
        {
            if (!File.Exists(Path.Combine(Folder, file)))
                continue;
            using var open = SafetensorsFile.Open(Path.Combine(Folder, file));
            foreach (var (key, value) in TestDevice.Moved(open.ReadAll()))
                _tensors[key] = value;
        }
    }

    public string Folder { get; }

    /// <summary>How far values may be off, in addition to 1e-5 of each: 2e-5 for encoders; the README of each kind says it.</summary>
    public double Tolerance { get; init; } = 2e-5;

    public Tensor Ids => this["input.input_ids"];

    public Tensor Mask => this["input.attention_mask"];

    public Tensor? Types => Find("input.token_type_ids");

    public Tensor this[string key] => _tensors[key];

    public IEnumerable<string> Keys => _tensors.Keys;

    /// <summary>Folders whose record names a model class that ends with <paramref name="architecture"/>.</summary>
    public static TheoryData<string> Cases(string architecture)
    {
        return [.. TestMaterial.GoldensRoots.SelectMany(CasesIn).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

        IEnumerable<string> CasesIn(string goldens)
        {
            var root = Path.Combine(goldens, "models");
            return !Directory.Exists(root) ? [] : Directory.GetFiles(root, "record.json", SearchOption.AllDirectories)
                .Where(f => Read(f).TryGetProperty("architecture", out var name) && name.GetString()!.EndsWith(architecture, StringComparison.Ordinal))
                .Select(f => Path.GetRelativePath(root, Path.GetDirectoryName(f)!))
                .Where(f => !f.StartsWith("variants", StringComparison.Ordinal));
        }
    }

    public static JsonElement Read(string path) => JsonDocument.Parse(File.ReadAllBytes(path)).RootElement;

    public Tensor? Find(string key) => _tensors.GetValueOrDefault(key);

    public static bool IsSupported(string checkpoint) => ModelFamily.IsSupported(Read(Path.Combine(checkpoint, "config.json")).GetProperty("model_type").GetString()!);

    public void RequireSupport() => Assert.SkipUnless(IsSupported(Folder), $"There is no model for the family of '{Folder}' yet.");

    /// <summary>Whether the gradient of a parameter is 0 in exact arithmetic, besides those that the folder names.</summary>
    public Func<string, bool> Vanishes { get; init; } = _ => false;

    /// <summary>Names of parameters whose gradient is 0 in exact arithmetic.</summary>
    public IReadOnlySet<string> VanishingGradients()
    {
        var path = Path.Combine(Folder, "detail.json");
        return File.Exists(path) && Read(path).TryGetProperty("gradients_that_vanish", out var names)
            ? names.EnumerateArray().Select(n => n.GetString()!).ToHashSet(StringComparer.Ordinal)
            : new HashSet<string>();
    }

    /// <summary>Values within the tolerance; farther on other devices, by <see cref="TestDevice.ToleranceFactor"/>.</summary>
    public void Compare(string key, Tensor actual)
    {
        using var scope = NewDisposeScope();
        var expected = this[key].to(ScalarType.Float64);
        Assert.True(expected.shape.SequenceEqual(actual.shape), $"{key}: shape ({string.Join(",", actual.shape)}) instead of ({string.Join(",", expected.shape)})");
        var excess = ((actual.detach().to(ScalarType.Float64) - expected).abs() - (expected.abs() * (1e-5 * TestDevice.ToleranceFactor))).max().item<double>();
        Assert.True(excess <= Tolerance * TestDevice.ToleranceFactor, $"{key}: off by {excess:G3}");
    }

    /// <summary>Hidden states at real positions; those of padding mean nothing.</summary>
    public void CompareReal(string key, Tensor actual)
    {
        using var scope = NewDisposeScope();
        var real = Mask.to(ScalarType.Bool);
        var expected = this[key][real].to(ScalarType.Float64);
        var excess = ((actual.detach()[real].to(ScalarType.Float64) - expected).abs() - (expected.abs() * (1e-5 * TestDevice.ToleranceFactor))).max().item<double>();
        Assert.True(excess <= Tolerance * TestDevice.ToleranceFactor, $"{key}: off by {excess:G3}");
    }

    public void CompareGradients(PretrainedModel model)
    {
        var vanishing = VanishingGradients();
        var compared = 0;
        foreach (var (name, parameter) in model.named_parameters())
        {
            if (Find("grad." + name) is not { } expected)
                continue;
            using var scope = NewDisposeScope();
            var distance = (parameter.grad! - expected).abs().max().item<float>();
            var allowed = TestDevice.ToleranceFactor * (vanishing.Contains(name) || Vanishes(name) ? 1e-6 : 1e-4 * expected.abs().max().item<float>());
            Assert.True(distance <= allowed, $"grad.{name}: off by {distance:G3}, allowed {allowed:G3}");
            compared++;
        }

        Assert.Equal(Keys.Count(k => k.StartsWith("grad.", StringComparison.Ordinal)), compared);
    }

    public void Dispose()
    {
        foreach (var value in _tensors.Values)
            value.Dispose();
    }
}
