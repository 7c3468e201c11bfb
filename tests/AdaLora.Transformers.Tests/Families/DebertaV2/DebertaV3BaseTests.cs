using AdaLora.Transformers.Families.DebertaV2;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Families.DebertaV2;

/// <summary>The shapes of microsoft/deberta-v3-base on the meta device, where nothing takes memory.</summary>
public sealed class DebertaV3BaseTests : IDisposable
{
    private readonly Device _before = get_default_device();
    private readonly DebertaV2ForSequenceClassification _model;

    public DebertaV3BaseTests()
    {
        set_default_device(device("meta"));
        _model = new DebertaV2ForSequenceClassification(
            new DebertaV2Config
            {
                VocabularySize = 128100,
                HiddenSize = 768,
                Layers = 12,
                Heads = 12,
                IntermediateSize = 3072,
                MaxPositions = 512,
                RelativeAttention = true,
                PositionBuckets = 256,
                PositionBiasedInput = false,
                PositionTerms = ["p2c", "c2p"],
                SharesProjections = true,
                RelativeEmbeddingNorm = "layer_norm",
                TypeVocabularySize = 0,
            },
            labels: 2);
    }

    public void Dispose()
    {
        _model.Dispose();
        set_default_device(_before);
    }

    [Fact]
    public void Parameters_are_as_many_as_in_the_published_model()
    {
        const long Embeddings = (128100 * 768) + (2 * 768);
        const long Attention = (4 * ((768 * 768) + 768)) + (2 * 768);
        const long FeedForward = (768 * 3072) + 3072 + (3072 * 768) + 768 + (2 * 768);
        const long Relative = (2 * 256 * 768) + (2 * 768);
        const long Head = (768 * 768) + 768 + (768 * 2) + 2;

        Assert.Equal(184_423_682, Embeddings + (12 * (Attention + FeedForward)) + Relative + Head);
        Assert.Equal(184_423_682, _model.parameters().Sum(p => p.numel()));
        Assert.All(_model.parameters(), p => Assert.Equal(DeviceType.META, p.device_type));
    }

    [Fact]
    public void Adapters_of_rank_12_on_all_layers_have_1_99_million_parameters()
    {
        using var adapted = AdaLoraModel.Attach(_model, new AdaLoraOptions { InitialRank = 12, Targets = AdaLora.Targeting.TargetModules.AllLinear.Excluding("pooler.dense", "classifier") });

        Assert.Equal(72, adapted.Adapters.Count);
        Assert.Equal(
            ["attention.output.dense", "attention.self.key_proj", "attention.self.query_proj", "attention.self.value_proj", "intermediate.dense", "output.dense"],
            _model.named_modules().Where(m => m.module is AdaLora.Adapters.SvdLinear).Select(m => string.Join('.', m.name.Split('.').Skip(4))).Distinct().Order());
        // Per layer four matrices of 768 x 768 and two of 768 x 3072, each triplet with its lambda.
        Assert.Equal(12 * 12 * ((4 * (768 + 768 + 1)) + (2 * (768 + 3072 + 1))), adapted.TrainableParameters[0].numel());
        Assert.Equal(1_991_520, adapted.TrainableParameters[0].numel());
    }
}
