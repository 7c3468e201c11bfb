using AdaLora.Safetensors;
using AdaLora.TestSupport;
using AdaLora.Transformers.Families.Bert;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Loading;
using AdaLora.Transformers.Tests.Families;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Loading;

/// <summary>Models whose vocabulary is given another size.</summary>
public sealed class ResizeVocabularyTests : IDisposable
{
    private static readonly BertConfig Bert = new() { VocabularySize = 40, HiddenSize = 16, Layers = 1, Heads = 2, IntermediateSize = 24, MaxPositions = 16, InitializerRange = 0.3 };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Families => [.. SmallDecoder.Families, "tied llama", "bert", "bert masked", .. SmallSeq2Seq.Families];

    [Theory]
    [MemberData(nameof(Families))]
    public void Former_words_mean_what_they_did_and_new_ones_are_their_mean(string family)
    {
        using var scope = NewDisposeScope();
        var model = Make(family);
        var (size, before) = (model.BaseConfig.VocabularySize, Run(model));
        var tables = model.VocabularyTables.ToDictionary(name => name, name => Table(model, name).detach().clone());
        Assert.NotEmpty(tables);

        model.ResizeVocabulary(size + 3);

        Assert.True(model.IsVocabularyResized);
        Assert.Equal(size + 3, model.BaseConfig.VocabularySize);
        Assert.Equal(tables.Keys, model.VocabularyTables);
        foreach (var (name, former) in tables)
        {
            var (now, dimension) = (Table(model, name), former.shape[0] == 1 ? 1 : 0);
            Assert.Equal(size + 3, now.shape[dimension]);
            Assert.Equal(former, now.narrow(dimension, 0, size), (a, b) => a.eq(b).all().item<bool>());
            Assert.InRange((now.narrow(dimension, size, 3) - former.mean([dimension], keepdim: true)).abs().max().item<float>(), 0, 1e-6f);
        }

        var after = Run(model);
        Assert.Equal(before.shape[^1] == size ? size + 3 : before.shape[^1], after.shape[^1]);
        Assert.InRange((after.narrow(-1, 0, before.shape[^1]) - before).abs().max().item<float>(), 0, 1e-5f);
        // New words are known now, and no others.
        _ = Run(model, (size + 2));
        Assert.ThrowsAny<ArgumentException>(() => Run(model, size + 3));
        model.SaveCheckpoint(_folder.Path);
    }

    [Fact]
    public void A_vocabulary_shrinks_as_well_but_not_below_what_the_configuration_names()
    {
        using var scope = NewDisposeScope();
        var model = Make("bert");
        var before = Run(model);
        model.ResizeVocabulary(30);
        Assert.InRange((Run(model) - before).abs().max().item<float>(), 0, 1e-6f);
        _ = Assert.Throws<ArgumentOutOfRangeException>(() => model.ResizeVocabulary(0));
    }

    [Theory]
    [InlineData("tied llama")]
    [InlineData("llama")]
    [InlineData("bert")]
    public void An_adapter_of_a_resized_model_is_saved_with_the_tables_and_loaded_into_another(string family)
    {
        using var scope = NewDisposeScope();
        var model = Make(family);
        var size = model.BaseConfig.VocabularySize;
        model.ResizeVocabulary(size + 2);
        using (no_grad())
            Table(model, model.VocabularyTables[0]).narrow(0, size, 2).normal_(0, 1);
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 2, TargetRank = 1, Seed = 1 });
        adapted.Save(_folder.Path);
        using (var file = SafetensorsFile.Open(_folder.File("adapter_model.safetensors")))
            Assert.All(model.VocabularyTables, name => Assert.Equal(size + 2, file.Entries["base_model.model." + name].Shape[0]));

        var fresh = Make(family);
        Assert.Contains("resize this model's vocabulary first", Assert.Throws<InvalidDataException>(() => AdaLoraModel.Load(fresh, _folder.Path)).Message, StringComparison.Ordinal);
        fresh.ResizeVocabulary(size + 2);
        using var loaded = AdaLoraModel.Load(fresh, _folder.Path);
        Assert.Equal(0, (Run(model, size + 1) - Run(fresh, size + 1)).abs().max().item<float>());
        Assert.Contains("before they are attached", Assert.Throws<InvalidOperationException>(() => fresh.ResizeVocabulary(size + 4)).Message, StringComparison.Ordinal);
        // Saved again, nothing is lost.
        loaded.Save(_folder.File("again"));
        Assert.Equal(File.ReadAllBytes(_folder.File("adapter_model.safetensors")), File.ReadAllBytes(_folder.File("again/adapter_model.safetensors")));
    }

    private static PretrainedModel Make(string family) => family switch
    {
        "bert" => new BertForSequenceClassification(Bert, 2, seed: 1),
        "bert masked" => new BertForMaskedLM(Bert, seed: 1),
        "tied llama" => SmallDecoder.Make("llama", isTied: true),
        _ when SmallSeq2Seq.Families.Any(row => Equals(row.Data, family)) => SmallSeq2Seq.Make(family),
        _ => SmallDecoder.Make(family),
    };

    private static Tensor Table(PretrainedModel model, string name) =>
        model.named_parameters().Where(p => p.name == name).Select(p => (Tensor)p.parameter).Concat(model.named_buffers().Where(b => b.name == name).Select(b => b.buffer)).Single();

    private static Tensor Run(PretrainedModel model, long last = 7)
    {
        using var noGrad = no_grad();
        model.eval();
        var ids = tensor([3L, 5, 6, last]).view(1, 4);
        return model is Seq2SeqLM ? model.call(ids, null, ids) : model.call(ids, null, null);
    }
}
