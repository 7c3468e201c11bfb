using System.Text.Json.Nodes;
using AdaLora.Safetensors;
using AdaLora.Tests.Goldens;
using AdaLora.Tests.Models;
using AdaLora.TestSupport;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Peft;

/// <summary>Adapters that PEFT has written, without the encoders they were made for: names, shapes, values and configuration, read and written again.</summary>
public sealed class PeftFolderGoldenTests
{
    public static TheoryData<string, string> AdaLora => Folders("adalora_*");

    public static TheoryData<string, string> Lora => Folders("lora_*");

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(AdaLora))]
    public void An_adapter_is_written_again_as_it_was_read(string family, string adapter)
    {
        var source = TestMaterial.Golden("core", "adapters", family, adapter);
        using var model = Skeleton(family, source);
        using var adapted = AdaLoraModel.Load(model, source);
        using var copy = new TemporaryFolder();
        adapted.Save(copy.Path);

        Assert.True(JsonNode.DeepEquals(Config(source), Config(copy.Path)), $"{Config(source)}\n\n{Config(copy.Path)}");
        using var expected = Weights(source);
        using var actual = Weights(copy.Path);
        Assert.Equal(expected.Entries.Keys.Order(StringComparer.Ordinal), actual.Entries.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(expected.Metadata, actual.Metadata);
        foreach (var (name, entry) in expected.Entries)
        {
            Assert.Equal(entry.Dtype, actual.Entries[name].Dtype);
            Assert.Equal(entry.Shape, actual.Entries[name].Shape);
            using var a = expected.Read(name);
            using var b = actual.Read(name);
            Assert.True(a.eq(b).all().item<bool>(), name);
        }
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(AdaLora))]
    public void What_is_reported_are_the_ranks_and_scales_of_the_file(string family, string adapter)
    {
        var source = TestMaterial.Golden("core", "adapters", family, adapter);
        using var model = Skeleton(family, source);
        using var adapted = AdaLoraModel.Load(model, source);
        var config = Config(source);
        var initial = config["init_r"]!.GetValue<int>();
        var pattern = config["rank_pattern"] as JsonObject;
        using var weights = Weights(source);
        Assert.Equal(weights.Entries.Keys.Count(n => n.EndsWith("lora_E", StringComparison.Ordinal)), adapted.Adapters.Count);
        Assert.Equal(pattern is not null, adapted.IsPatternFinal);
        foreach (var module in adapted.Report().Modules)
        {
            var kept = pattern?[module.Name + ".lora_E"]!.AsArray().Select(n => n!.GetValue<bool>()).ToList() ?? [.. Enumerable.Repeat(true, initial)];
            Assert.Equal(kept, adapted.ReadPattern()[module.Name]);
            Assert.Equal((initial, kept.Count(k => k)), (module.InitialRank, module.LiveRank));
        }

        // Not a function of what was kept.
        Assert.All(adapted.Adapters, a => Assert.Equal(config["lora_alpha"]!.GetValue<double>() / (initial + 1e-5), a.Scale));
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Lora))]
    public void Plain_lora_is_taken_apart_into_orthonormal_triplets_of_the_same_product(string family, string adapter)
    {
        var source = TestMaterial.Golden("core", "adapters", family, adapter);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = Skeleton(family, source);
        using var adapted = AdaLoraModel.Load(model, source);
        using var weights = Weights(source);
        Assert.Equal(weights.Entries.Keys.Count(n => n.EndsWith("lora_A.weight", StringComparison.Ordinal)), adapted.Adapters.Count);
        foreach (var (layer, module) in adapted.Adapters.Zip(adapted.Report().Modules))
        {
            var (a, b) = (weights.Read($"base_model.model.{module.Name}.lora_A.weight"), weights.Read($"base_model.model.{module.Name}.lora_B.weight"));
            // Rank and alpha are the same in these files, so that the scale is 1.
            Assert.Equal(1.0, layer.Scale);
            var expected = IsTransposed(source) ? b.mm(a).t() : b.mm(a);
            Assert.True((layer.DeltaWeight() - expected).abs().max().item<float>() <= 1e-6f, module.Name);
            var (q, p) = (layer.get_parameter("lora_A")!, layer.get_parameter("lora_B")!);
            Assert.True((q.mm(q.t()) - eye(layer.Rank)).abs().max().item<float>() <= 1e-5f, module.Name);
            Assert.True((p.t().mm(p) - eye(layer.Rank)).abs().max().item<float>() <= 1e-5f, module.Name);
        }
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Lora))]
    public void An_export_is_the_reference_s_own_conversion_of_the_same_adapter(string family, string adapter)
    {
        var expected = TestMaterial.Golden("core", "adapters", family, adapter);
        using var model = Skeleton(family, TestMaterial.Golden("core", "adapters", family, "adalora_final"));
        using var adapted = AdaLoraModel.Load(model, TestMaterial.Golden("core", "adapters", family, "adalora_final"));
        using var copy = new TemporaryFolder();
        adapted.ExportLora(copy.Path);

        using var scope = NewDisposeScope();
        using var ours = Weights(copy.Path);
        using var theirs = Weights(expected);
        Assert.Equal(theirs.Entries.Keys.Order(StringComparer.Ordinal), ours.Entries.Keys.Order(StringComparer.Ordinal));
        foreach (var name in theirs.Entries.Keys)
            Close.RelativeToMaximum(theirs.Read(name), ours.Read(name), 1e-6, name);
        foreach (var field in (string[])["rank_pattern", "alpha_pattern"])
            Assert.Equal(Sorted(Config(expected)[field]!), Sorted(Config(copy.Path)[field]!));
        Assert.Equal(Config(expected)["target_modules"]!.AsArray().Select(n => n!.GetValue<string>()).Order(StringComparer.Ordinal),
            Config(copy.Path)["target_modules"]!.AsArray().Select(n => n!.GetValue<string>()).Order(StringComparer.Ordinal));
        Assert.Equal(Config(expected)["fan_in_fan_out"]!.GetValue<bool>(), Config(copy.Path)["fan_in_fan_out"]!.GetValue<bool>());
    }

    private static IEnumerable<(string, int)> Sorted(JsonNode pattern) =>
        pattern.AsObject().Select(p => (p.Key, p.Value!.GetValue<int>())).OrderBy(p => p.Key, StringComparer.Ordinal);

    private static TheoryData<string, string> Folders(string pattern)
    {
        var root = TestMaterial.Golden("core", "adapters");
        var data = new TheoryData<string, string>();
        foreach (var folder in Directory.Exists(root) ? Directory.GetDirectories(root).Where(f => Directory.Exists(Path.Combine(f, "base"))).Order(StringComparer.Ordinal) : Enumerable.Empty<string>())
        {
            foreach (var adapter in Directory.GetDirectories(folder, pattern).Order(StringComparer.Ordinal))
                data.Add(Path.GetFileName(folder), Path.GetFileName(adapter));
        }

        return data;
    }

    private static nn.Module<Tensor, Tensor> Skeleton(string family, string adapter)
    {
        using var file = SafetensorsFile.Open(TestMaterial.Golden("core", "adapters", family, "base", "model.safetensors"));
        var adapted = Config(adapter)["target_modules"] is JsonArray list ? list.Select(n => n!.GetValue<string>()).ToList() : [];
        return NamedTree.Build(
            file.Entries.ToDictionary(e => e.Key, e => e.Value.Shape, StringComparer.Ordinal),
            path => IsTransposed(adapter) && adapted.Any(t => path == t || path.EndsWith("." + t, StringComparison.Ordinal)));
    }

    private static bool IsTransposed(string adapter) => Config(adapter)["fan_in_fan_out"]!.GetValue<bool>();

    private static JsonNode Config(string folder) => JsonNode.Parse(File.ReadAllBytes(Path.Combine(folder, "adapter_config.json")))!;

    private static SafetensorsFile Weights(string folder) => SafetensorsFile.Open(Path.Combine(folder, "adapter_model.safetensors"));
}
