using System.Text.Json.Nodes;
using AdaLora.Injection;
using AdaLora.Safetensors;
using AdaLora.Targeting;
using AdaLora.Tests.Models;
using AdaLora.TestSupport;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Peft;

/// <summary>PEFT finds everything that a folder of ours holds, by its own rules.</summary>
public sealed class PeftRulesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<bool, BiasTraining, int> Cases => new MatrixTheoryData<bool, BiasTraining, int>([true, false], Enum.GetValues<BiasTraining>(), [0, 2]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_stored_name_is_one_that_peft_reads_and_no_adapter_is_missing(bool asLora, BiasTraining biases, int rankOfSecond)
    {
        using var model = new TinyModel();
        using var adapted = Attach(model, biases, rankOfSecond);

        Write(adapted, asLora);

        using var plain = new TinyModel();
        var (stored, read) = (Stored(), PeftRules.Names(Config(), plain));
        Assert.Empty(stored.Except(read.Keys));
        Assert.Empty(read.Where(r => r.Value).Select(r => r.Key).Except(stored));
    }

    [Fact]
    public void The_bias_of_a_module_that_is_not_exported_stands_under_its_own_name()
    {
        using var model = new TinyModel();
        using var adapted = Attach(model, BiasTraining.All, rankOfSecond: 0);

        Write(adapted, asLora: true);

        Assert.Equal(
            [
                "base_model.model.first.base_layer.bias", "base_model.model.first.lora_A.weight", "base_model.model.first.lora_B.weight", "base_model.model.head.bias", "base_model.model.head.weight",
                "base_model.model.second.bias",
            ],
            Stored().Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void What_was_written_comes_back(bool asLora, BiasTraining biases, int rankOfSecond)
    {
        using var model = new TinyModel();
        using var adapted = Attach(model, biases, rankOfSecond);
        Write(adapted, asLora);
        var expected = TrainedTiny.Outputs(model);

        using var other = new TinyModel();
        using var loaded = AdaLoraModel.Load(other, _folder.Path);

        Assert.All(expected.Zip(TrainedTiny.Outputs(other)), o => Assert.Equal(o.First, o.Second, 1e-5));
    }

    public void Dispose() => _folder.Dispose();

    private static AdaLoraModel Attach(TinyModel model, BiasTraining biases, int rankOfSecond)
    {
        var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions
        {
            InitialRank = 3,
            TargetRank = 1,
            Seed = 1,
            Biases = biases,
            TrainedModules = ["head"],
            Overrides = ModuleOverrides.None.With("second", initialRank: rankOfSecond),
        });
        using var noGrad = no_grad();
        foreach (var parameter in adapted.TrainableParameters)
            _ = parameter.uniform_(-0.5, 0.5);
        return adapted;
    }

    private void Write(AdaLoraModel adapted, bool asLora)
    {
        if (asLora)
            adapted.ExportLora(_folder.Path);
        else
            adapted.Save(_folder.Path);
    }

    private JsonObject Config() => JsonNode.Parse(File.ReadAllBytes(_folder.File("adapter_config.json")))!.AsObject();

    private IReadOnlyList<string> Stored()
    {
        using var file = SafetensorsFile.Open(_folder.File("adapter_model.safetensors"));
        return [.. file.Entries.Keys];
    }
}
