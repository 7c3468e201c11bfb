using System.Text.Json.Nodes;
using AdaLora.Adapters;
using AdaLora.Safetensors;
using AdaLora.Targeting;
using AdaLora.Tests.Models;
using AdaLora.TestSupport;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Peft;

/// <summary>Products that are scaled by alpha / sqrt(rank), in what is computed, merged and saved. PEFT knows this for plain LoRA only: saved AdaLoRA must be the same by its rule for that.</summary>
public sealed class RankStabilizedTests : IDisposable
{
    private const double Precision = 1e-10;

    private readonly TemporaryFolder _folder = new();

    // Scales that the other rule is far from: 12 / sqrt(9) and 10 / sqrt(4); an alpha of 0 stands for the rank, so that the head has 9 / sqrt(9).
    private static readonly AdaLoraOptions Options = new()
    {
        InitialRank = 9,
        TargetRank = 5,
        Alpha = 0,
        RankStabilized = true,
        Overrides = ModuleOverrides.None.With("first", initialRank: 4, alpha: 10).With("second", alpha: 12),
    };

    private static readonly Dictionary<string, double> Scales = new() { ["first"] = 5, ["second"] = 4, ["head"] = 3 };

    [Fact]
    public void The_product_is_alpha_by_the_root_of_the_rank()
    {
        using var scope = NewDisposeScope();
        using var model = new TinyModel(ScalarType.Float64);
        using var adapted = Attach(model);
        foreach (var adapter in adapted.Adapters)
        {
            Assert.Equal(Scales[adapter.Slot.Name], adapter.Scale, Precision);
            var layer = (Linear)(nn.Module)adapter.BaseLayer;
            var input = randn([5, layer.weight.shape[1]], ScalarType.Float64);
            var product = input.mm(Product(adapter).t()) * Scales[adapter.Slot.Name];
            TensorAssert.Close(layer.call(input) + product, ((SvdLinear)adapter).call(input), Precision);
        }
    }

    [Fact]
    public void The_product_is_merged_with_that_scale()
    {
        using var scope = NewDisposeScope();
        using var model = new TinyModel(ScalarType.Float64);
        using var plain = new TinyModel(ScalarType.Float64);
        using var adapted = Attach(model);
        var products = adapted.Adapters.ToDictionary(adapter => adapter.Slot.Name, Product);
        adapted.MergeAndDetach();
        foreach (var (name, weight) in model.named_parameters().Where(p => p.name.EndsWith(".weight", StringComparison.Ordinal)))
        {
            var layer = name[..^".weight".Length];
            TensorAssert.Close(plain.get_parameter(name)! + (products[layer] * Scales[layer]), weight, Precision);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_saved_computes_the_same_here_and_by_the_rules_of_peft(bool asLora)
    {
        using var scope = NewDisposeScope();
        using var model = new TinyModel(ScalarType.Float64);
        using var adapted = Attach(model);
        Write(adapted, asLora, "saved");

        Assert.False(Config("saved")["use_rslora"]?.GetValue<bool>() ?? false);
        AssertProducts(adapted.Adapters.ToDictionary(a => a.Slot.Name, a => Product(a) * Scales[a.Slot.Name]), "saved");
        using var other = new TinyModel(ScalarType.Float64);
        using var loaded = AdaLoraModel.Load(other, _folder.File("saved"));
        Assert.All(Outputs(model).Zip(Outputs(other)), o => Assert.Equal(o.First, o.Second, 1e-5));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_stabilised_lora_is_the_same_once_it_is_saved_again(bool asLora)
    {
        using var scope = NewDisposeScope();
        Directory.CreateDirectory(_folder.File("peft"));
        File.WriteAllText(_folder.File("peft", "adapter_config.json"), """
            { "peft_type": "LORA", "r": 9, "lora_alpha": 12, "use_rslora": true, "target_modules": ["second", "head"], "rank_pattern": { "head": 4 }, "alpha_pattern": { "head": 10 }, "bias": "none" }
            """);
        var (second, head) = ((A: randn([9, 16], ScalarType.Float64), B: randn([16, 9], ScalarType.Float64)), (A: randn([4, 16], ScalarType.Float64), B: randn([3, 4], ScalarType.Float64)));
        SafetensorsWriter.Write(_folder.File("peft", "adapter_model.safetensors"), new Dictionary<string, Tensor>(StringComparer.Ordinal)
        {
            ["base_model.model.second.lora_A.weight"] = second.A,
            ["base_model.model.second.lora_B.weight"] = second.B,
            ["base_model.model.head.lora_A.weight"] = head.A,
            ["base_model.model.head.lora_B.weight"] = head.B,
        });
        using var model = new TinyModel(ScalarType.Float64);
        using var loaded = AdaLoraModel.Load(model, _folder.File("peft"));

        Assert.Equal([("second", 4.0), ("head", 5.0)], loaded.Adapters.Select(a => (a.Slot.Name, a.Scale)));
        var products = new Dictionary<string, Tensor> { ["second"] = second.B.mm(second.A) * 4, ["head"] = head.B.mm(head.A) * 5 };
        Assert.All(loaded.Adapters, adapter => TensorAssert.Close(products[adapter.Slot.Name], Product(adapter) * adapter.Scale, Precision));
        Write(loaded, asLora, "again");
        AssertProducts(products, "again");
    }

    /// <summary>PEFT's AdaLoRA has the field from LoRA's configuration, and does not look at it.</summary>
    [Fact]
    public void The_field_means_nothing_for_adalora()
    {
        using var model = new TinyModel(ScalarType.Float64);
        using var adapted = Attach(model);
        adapted.Save(_folder.File("saved"));
        var config = Config("saved");
        config["use_rslora"] = true;
        File.WriteAllText(_folder.File("saved", "adapter_config.json"), config.ToJsonString());

        using var other = new TinyModel(ScalarType.Float64);
        using var loaded = AdaLoraModel.Load(other, _folder.File("saved"));

        Assert.All(Outputs(model).Zip(Outputs(other)), o => Assert.Equal(o.First, o.Second, 1e-5));
    }

    public void Dispose() => _folder.Dispose();

    private static AdaLoraModel Attach(TinyModel model)
    {
        var adapted = AdaLoraModel.Attach(model, Options);
        using var noGrad = no_grad();
        adapted.TrainableParameters[0].normal_();
        model.eval();
        return adapted;
    }

    private static double[] Outputs(TinyModel model) => TrainedTiny.Outputs(model, ScalarType.Float64);

    private static Tensor Product(SvdAdapter adapter)
    {
        Tensor Part(string name) => adapter.get_parameter(name)!.detach().to(ScalarType.Float64);
        return Part("lora_B").mm(Part("lora_E") * Part("lora_A")).clone();
    }

    private void Write(AdaLoraModel adapted, bool asLora, string folder)
    {
        if (asLora)
            adapted.ExportLora(_folder.File(folder));
        else
            adapted.Save(_folder.File(folder));
    }

    private JsonObject Config(string folder) => JsonNode.Parse(File.ReadAllBytes(_folder.File(folder, "adapter_config.json")))!.AsObject();

    // What PEFT computes of a folder: ranknum is the initial rank plus 1e-5 in AdaLoRA.
    private void AssertProducts(Dictionary<string, Tensor> expected, string folder)
    {
        var config = Config(folder);
        using var file = SafetensorsFile.Open(_folder.File(folder, "adapter_model.safetensors"));
        foreach (var (name, product) in expected)
        {
            Tensor Part(string part) => file.Read($"base_model.model.{name}.{part}").to(ScalarType.Float64);
            var found = config["peft_type"]!.GetValue<string>() == "LORA"
                ? Part("lora_B.weight").mm(Part("lora_A.weight")) * (Number("alpha_pattern", name) / Number("rank_pattern", name))
                : Part("lora_B").mm(Part("lora_A") * Part("lora_E")) * (config["lora_alpha"]!.GetValue<double>() / (config["init_r"]!.GetValue<int>() + 1e-5));
            TensorAssert.Close(product, found, 1e-6);
        }

        double Number(string pattern, string name) => config[pattern]![name]!.GetValue<double>();
    }
}
