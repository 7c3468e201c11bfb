using AdaLora.Experiments.Comparison;
using AdaLora.Experiments.Methods;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using AdaLora.Glue.Tasks;
using AdaLora.Transformers;
using AdaLora.Transformers.Families.Gpt2;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Loading;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AdaLora.Glue.Tests.Methods;

/// <summary>Methods find the layers of a model where its family has them.</summary>
public sealed class LayerStackTests
{
    private static Gpt2Config Decoder => new() { VocabularySize = 50, HiddenSize = 8, Layers = 2, Heads = 2, MaxPositions = 20 };

    [Fact]
    public void Methods_adapt_the_layers_of_a_decoder()
    {
        using var model = AutoModel.NewCausalLM(Decoder, seed: 1);
        string[] expected = [.. Enumerable.Range(0, 2).SelectMany(layer => (string[])["attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"], (layer, matrix) => $"transformer.h.{layer}.{matrix}")];

        foreach (var method in (TrainingMethod[])[TrainingMethods.AdaLora, TrainingMethods.SvdLora, TrainingMethods.Lora, TrainingMethods.PruneLora])
            Assert.Equal(expected.Order(), Adapted(method, model, []).Order());
        Assert.Equal(expected[4..].Order(), Adapted(TrainingMethods.Lora, model, [1]).Order());
    }

    [Fact]
    public void Bottlenecks_stand_behind_the_blocks_of_a_decoder()
    {
        using var model = AutoModel.NewCausalLM(Decoder, seed: 1);

        using (var houlsby = TrainingMethods.Houlsby.Attach(BaseModel.Of(model), Settings(TrainingMethods.Houlsby, []), NullLogger.Instance))
            Assert.Equal(["attn.c_proj", "mlp.c_proj"], PlacesOf(model));
        using (var pfeiffer = TrainingMethods.Pfeiffer.Attach(BaseModel.Of(model), Settings(TrainingMethods.Pfeiffer, []), NullLogger.Instance))
            Assert.Equal(["mlp.c_proj"], PlacesOf(model));

        static IEnumerable<string> PlacesOf(CausalLM model) =>
            model.named_modules().Where(m => m.module is BottleneckLinear).Select(m => m.name.Split("h.0.")[^1]).Where(name => !name.Contains("h.1", StringComparison.Ordinal)).Order();
    }

    [Fact]
    public void A_decoder_has_nothing_that_starts_anew()
    {
        using var model = AutoModel.NewCausalLM(Decoder, seed: 1);
        using var untied = AutoModel.NewCausalLM(Decoder with { TiesWordEmbeddings = false }, seed: 1);

        Assert.Empty(BaseModel.Of(model).NewParts);
        Assert.Empty(BaseModel.Of(untied).NewParts);
    }

    [Fact]
    public void Places_of_a_decoder_can_be_compared()
    {
        using var model = AutoModel.NewCausalLM(Decoder, seed: 1);

        var places = AdapterPlaces.Of(BaseModel.Of(model));

        Assert.Equal(["**.h.*.attn.c_attn", "**.h.*.attn.c_proj", "**.h.*.mlp.c_fc", "**.h.*.mlp.c_proj"], places.Matrices.SelectMany(place => place.Targets));
        Assert.Equal(["layer 0", "layer 1"], places.LayerGroups.Select(place => place.Name));
    }

    private static IReadOnlyList<string> Adapted(TrainingMethod method, PretrainedModel model, IReadOnlyList<int> layers)
    {
        using var attachment = method.Attach(BaseModel.Of(model), Settings(method, layers), NullLogger.Instance);
        return [.. attachment.Ranks.Select(rank => rank.Module)];
    }

    private static RunSettings Settings(TrainingMethod method, IReadOnlyList<int> layers) => RunSettings.Of(GlueTasks.Find("cola"), method).With(RunOptions.Layers, layers);
}
