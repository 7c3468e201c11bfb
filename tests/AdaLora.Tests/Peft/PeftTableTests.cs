using System.Text.Json.Nodes;
using AdaLora.Safetensors;
using AdaLora.Tests.Models;
using AdaLora.TestSupport;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Peft;

/// <summary>Adapters that PEFT has saved of a model with embeddings: LoRA of a table, and rows of one (tests/fixtures/peft-tables/make.py).</summary>
public sealed class PeftTableTests
{
    private static readonly string Folder = TestMaterial.InRepository("tests/fixtures/peft-tables");

    [Theory]
    [InlineData("lora_embedding")]
    [InlineData("lora_rows")]
    [InlineData("adalora_rows")]
    public void They_compute_here_what_they_do_there_and_so_do_their_copies(string name)
    {
        using var scope = NewDisposeScope();
        var model = New();
        using var adapted = AdaLoraModel.Load(model, Path.Combine(Folder, name));
        var expected = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, name, "expected.json")))!.AsArray().Select(number => number!.GetValue<double>()).ToArray();
        Close(expected, Outputs(model));

        using var copies = new TemporaryFolder();
        adapted.Save(copies.File("adalora"));
        adapted.ExportLora(copies.File("lora"));
        foreach (var copy in (string[])["adalora", "lora"])
        {
            var other = New();
            using var loaded = AdaLoraModel.Load(other, copies.File(copy));
            Close(expected, Outputs(other));
        }
    }

    private static WordModel New()
    {
        using var noGrad = no_grad();
        using var weights = SafetensorsFile.Open(Path.Combine(Folder, "base.safetensors"));
        var model = new WordModel(tied: false);
        foreach (var (name, parameter) in model.named_parameters())
            parameter.copy_(weights.Read(name));
        return model;
    }

    private static float[] Outputs(WordModel model)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return model.call(arange(12, dtype: ScalarType.Int64).view(3, 4)).data<float>().ToArray();
    }

    private static void Close(double[] expected, float[] actual) => Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 2e-6));
}
