using System.Text.Json.Nodes;
using AdaLora.Safetensors;
using AdaLora.TestSupport;
using AdaLora.Transformers.Heads;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Families.Bert;

/// <summary>A masked-language model whose decoder is not the matrix of word embeddings, with logits of transformers 5.23.</summary>
public sealed class UntiedMaskedLmTests : IDisposable
{
    private static readonly float[][] Expected = [[-0.239319f, -0.288958f, 0.203778f, -0.265833f], [-0.608516f, 0.319069f, -0.501090f, -0.289694f]];

    private readonly TemporaryFolder _folder = new();

    private static string Fixture => TestMaterial.InRepository("tests/fixtures/untied-masked-lm");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Its_own_decoder_is_used()
    {
        using var model = AutoModel.MaskedLM(Fixture);
        AssertExpected(model);
        Assert.Empty(model.LoadReport!.Unexpected);
        Assert.Empty(model.LoadReport.NewlyInitialized);
    }

    [Fact]
    public void It_comes_back_from_a_checkpoint_of_ours()
    {
        using (var model = AutoModel.MaskedLM(Fixture))
            model.SaveCheckpoint(_folder.Path);
        using var back = AutoModel.MaskedLM(_folder.Path);
        AssertExpected(back);
    }

    /// <summary>As the reference does: what is stored decides, not a setting that contradicts it.</summary>
    [Fact]
    public void A_decoder_that_differs_from_the_embeddings_is_used_whatever_the_configuration_says()
    {
        Copy(config => config.Remove("tie_word_embeddings"), _ => { });
        using var model = AutoModel.MaskedLM(_folder.Path);
        AssertExpected(model);
    }

    /// <summary>Files of older versions of the reference have one bias, under its name in the head.</summary>
    [Fact]
    public void The_bias_may_have_its_other_name()
    {
        Copy(_ => { }, tensors =>
        {
            tensors["cls.predictions.bias"] = tensors["cls.predictions.decoder.bias"];
            tensors.Remove("cls.predictions.decoder.bias");
        });
        using var model = AutoModel.MaskedLM(_folder.Path);
        AssertExpected(model);
    }

    [Fact]
    public void A_tied_decoder_that_is_stored_is_the_embeddings()
    {
        Copy(config => config["tie_word_embeddings"] = true, tensors => tensors["cls.predictions.decoder.weight"] = tensors["bert.embeddings.word_embeddings.weight"].clone());
        using var model = AutoModel.MaskedLM(_folder.Path);
        Assert.DoesNotContain(model.named_parameters(), p => p.name.Contains("decoder", StringComparison.Ordinal));
        Assert.Empty(model.LoadReport!.Unexpected);
    }

    [Fact]
    public void Its_decoder_is_trained_on_its_own()
    {
        using var scope = NewDisposeScope();
        using var model = AutoModel.MaskedLM(Fixture);
        model.Loss(tensor([2L, 10, 11, 3], [1, 4]), null, tensor([-100L, 12, -100, -100], [1, 4])).backward();
        var gradients = model.named_parameters().Where(p => p.name.Contains("decoder", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, gradients.Count);
        Assert.All(gradients, p => Assert.False(p.parameter.grad is null));
    }

    private static void AssertExpected(MaskedLM model)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var logits = model.call(tensor([2L, 10, 11, 3], [1, 4]), null, null);
        for (var place = 0; place < Expected.Length; place++)
            Assert.All(Expected[place].Zip(logits[0, place].data<float>()), pair => Assert.Equal(pair.First, pair.Second, 2e-6f));
    }

    private void Copy(Action<JsonObject> change, Action<Dictionary<string, Tensor>> edit)
    {
        using var scope = NewDisposeScope();
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(Fixture, "config.json")))!.AsObject();
        change(config);
        File.WriteAllText(_folder.File("config.json"), config.ToJsonString());
        using var file = SafetensorsFile.Open(Path.Combine(Fixture, "model.safetensors"));
        var tensors = file.Entries.Keys.ToDictionary(name => name, name => file.Read(name));
        edit(tensors);
        SafetensorsWriter.Write(_folder.File("model.safetensors"), tensors, new Dictionary<string, string> { ["format"] = "pt" });
    }
}
