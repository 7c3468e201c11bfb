using System.Text.Json.Nodes;
using AdaLora.Peft;
using AdaLora.Safetensors;
using AdaLora.TestSupport;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Peft;

/// <summary>Adapters that PEFT has written, inspected without any model.</summary>
public sealed class AdapterInspectionGoldenTests
{
    /// <summary>Families of models, and their adapters: pruned, not pruned, plain LoRA.</summary>
    public static TheoryData<string, string> Adapters
    {
        get
        {
            var data = new TheoryData<string, string>();
            var root = TestMaterial.Golden("core", "adapters");
            foreach (var path in Directory.Exists(root)
                ? Directory.GetFiles(root, "adapter_config.json", SearchOption.AllDirectories).Where(IsReadable).Order(StringComparer.Ordinal)
                : Enumerable.Empty<string>())
            {
                data.Add(Path.GetFileName(Path.GetDirectoryName(Path.GetDirectoryName(path)))!, Path.GetFileName(Path.GetDirectoryName(path))!);
            }

            return data;
        }
    }

    // There is no adapter of embeddings here.
    private static bool IsReadable(string config) => !File.ReadAllText(config).Contains("\"emb\"", StringComparison.Ordinal);

    public static TheoryData<string> Families => [.. Adapters.Where(row => row.Data.Item2 == "lora_export").Select(row => row.Data.Item1)];

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Adapters))]
    public void Singular_values_are_those_of_the_product_and_counts_those_of_the_file(string family, string adapter)
    {
        var folder = TestMaterial.Golden("core", "adapters", family, adapter);
        var config = JsonNode.Parse(File.ReadAllBytes(Path.Combine(folder, "adapter_config.json")))!;
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(Path.Combine(folder, "adapter_model.safetensors"));

        var inspection = AdapterInspection.Read(folder);

        Assert.Equal(config["peft_type"]!.GetValue<string>(), inspection.Kind);
        Assert.Equal(file.Entries.Keys.Count(n => n.Contains(".lora_A", StringComparison.Ordinal)), inspection.Matrices.Count);
        foreach (var matrix in inspection.Matrices)
        {
            Tensor Part(string ending) => file.Read($"base_model.model.{matrix.Name}.{ending}").to(ScalarType.Float64);
            var isPlain = inspection.Kind == "LORA";
            var product = isPlain ? Part("lora_B.weight").flatten(1).mm(Part("lora_A.weight").flatten(1)) : Part("lora_B").mm(Part("lora_A").mul(Part("lora_E")));
            var expected = linalg.svdvals(product.mul(matrix.Scale)).data<double>().ToArray();
            Assert.All(matrix.SingularValues.Zip(expected), v => Assert.Equal(v.Second, v.First, 1e-12 * expected[0]));
            Assert.All(expected.Skip(matrix.SingularValues.Count), v => Assert.True(v <= 1e-12 * Math.Max(1, expected[0])));
            if (!isPlain)
                Assert.Equal(config["lora_alpha"]!.GetValue<double>() / (config["init_r"]!.GetValue<int>() + 1e-5), matrix.Scale);
        }

        var inFull = file.Entries.Values.Where(e => !e.Name.Contains(".lora_", StringComparison.Ordinal)).Sum(e => e.Shape.Aggregate(1L, (a, b) => a * b));
        Assert.Equal(inFull, inspection.ParametersInFull);
        Assert.Equal(file.Entries.Values.Sum(e => e.Shape.Aggregate(1L, (a, b) => a * b)) - inFull, inspection.AdapterParameters);
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Families))]
    public void Ranks_and_budget_are_those_of_the_record_and_an_export_has_the_same_spectrum(string family)
    {
        var record = JsonNode.Parse(File.ReadAllBytes(TestMaterial.RequireGolden("core", "adapters", family, "record.json")))!;
        var (unpruned, final, lora) = (Read(family, "adalora_unpruned"), Read(family, "adalora_final"), Read(family, "lora_export"));
        var ranks = record["final_ranks"]!.AsObject().ToDictionary(r => r.Key, r => r.Value!.GetValue<int>());
        var initial = record["init_r"]!.GetValue<int>();

        Assert.Equal((false, true, true), (unpruned.AreRanksFinal, final.AreRanksFinal, lora.AreRanksFinal));
        Assert.Equal(ranks.OrderBy(r => r.Key, StringComparer.Ordinal), final.Matrices.ToDictionary(m => m.Name, m => m.Rank).OrderBy(r => r.Key, StringComparer.Ordinal));
        Assert.All(unpruned.Matrices.Concat(final.Matrices), m => Assert.Equal(initial, m.InitialRank));
        Assert.Equal((initial * ranks.Count, record["budget"]!.GetValue<int>()), (final.InitialTriplets, final.KeptTriplets));
        Assert.Equal(unpruned.InitialTriplets, unpruned.KeptTriplets);
        Assert.Equal(ranks.Where(r => r.Value > 0).Select(r => r.Key).Order(StringComparer.Ordinal), lora.Matrices.Select(m => m.Name).Order(StringComparer.Ordinal));
        foreach (var matrix in lora.Matrices)
        {
            var own = final.Matrices.Single(m => m.Name == matrix.Name).SingularValues;
            Assert.All(matrix.SingularValues.Zip(own), v => Assert.Equal(v.Second, v.First, 1e-6 * own[0]));
        }
    }

    private static AdapterInspection Read(string family, string adapter) => AdapterInspection.Read(TestMaterial.RequireGolden("core", "adapters", family, adapter));
}
