using AdaLora.Adapters;
using AdaLora.TestSupport;
using AdaLora.Transformers.Models;
using AdaLora.Transformers.Models.Bert;
using AdaLora.Transformers.Models.DebertaV2;
using AdaLora.Transformers.Models.DistilBert;
using AdaLora.Transformers.Models.Electra;
using AdaLora.Transformers.Models.Roberta;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Models;

/// <summary>What holds for classifiers of every family.</summary>
public sealed class FamilyTests
{
    private static readonly Dictionary<string, Func<int, SequenceClassifier>> Make = new(StringComparer.Ordinal)
    {
        ["bert"] = labels => new BertForSequenceClassification(Small(new BertConfig()), labels, seed: 1),
        ["roberta"] = labels => new RobertaForSequenceClassification(Small(new RobertaConfig()), labels, seed: 1),
        ["xlm-roberta"] = labels => new RobertaForSequenceClassification(Small(new XlmRobertaConfig()), labels, seed: 1),
        ["distilbert"] = labels => new DistilBertForSequenceClassification(Small(new DistilBertConfig()), labels, seed: 1),
        ["electra"] = labels => new ElectraForSequenceClassification(Small(new ElectraConfig { EmbeddingSize = 8 }), labels, seed: 1),
        ["deberta-v2"] = labels => new DebertaV2ForSequenceClassification(
            Small(new DebertaV2Config { RelativeAttention = true, PositionBuckets = 4, PositionTerms = ["c2p", "p2c"], SharesProjections = true, RelativeEmbeddingNorm = "layer_norm", PositionBiasedInput = false, ConvolutionSize = 3 }), labels, seed: 1),
    };

    public static TheoryData<string> Families => [.. Make.Keys];

    [Theory]
    [MemberData(nameof(Families))]
    public void Training_steps_leave_no_tensors_behind(string family)
    {
        using var model = Make[family](2);
        model.train();
        var counts = new List<long>();
        for (var step = 0; step < 12; step++)
        {
            using (NewDisposeScope())
            {
                model.zero_grad();
                var logits = model.call(randint(5, 50, [3, 9], dtype: ScalarType.Int64), ones(3, 9, dtype: ScalarType.Int64), null);
                model.Loss(logits, zeros(3, dtype: ScalarType.Int64)).backward();
            }

            counts.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }

        Assert.Equal(counts[2], counts[^1]);
        Assert.All(model.named_parameters(), p => Assert.True(p.parameter.grad is not null, p.name));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_saved_checkpoint_comes_back_bit_for_bit(string family)
    {
        using var folder = new TemporaryFolder();
        using var model = Make[family](3);

        model.SaveCheckpoint(folder.Path);
        using var back = SequenceClassifier.FromPretrained(folder.Path);

        Assert.Equal(3, back.Labels);
        Assert.Empty(back.LoadReport!.NewlyInitialized);
        Assert.Equal(Outputs(model), Outputs(back));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Every_matrix_of_the_layers_can_be_adapted_and_merged(string family)
    {
        using var model = Make[family](2);
        var plain = Outputs(model);
        var head = model.named_children().Where(c => !ReferenceEquals(c.module, model.Encoder) && c.module.parameters().Any()).Select(c => c.name).ToList();
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { Targets = TargetModules.AllLinear.And(TargetModules.Regex(@".*\.layer\.\d+\..*")), TrainedModules = head, Seed = 1 });
        Assert.Equal(12, adapted.Adapters.Count);
        Assert.Equal(plain, Outputs(model));

        using (no_grad())
            adapted.TrainableParameters[0].add_(0.05);
        var changed = Outputs(model);
        Assert.NotEqual(plain, changed);
        adapted.Merge();
        Assert.All(changed.Zip(Outputs(model)), p => Assert.Equal(p.First, p.Second, 1e-5f));
        adapted.Unmerge();
        Assert.Equal(changed, Outputs(model));
        adapted.Detach();
        Assert.Equal(plain, Outputs(model));
    }

    private static TConfig Small<TConfig>(TConfig config)
        where TConfig : EncoderConfig => config with { VocabularySize = 50, HiddenSize = 16, Layers = 2, Heads = 2, IntermediateSize = 24, MaxPositions = 20, HiddenDropout = 0.1, AttentionDropout = 0.1 };

    private static float[] Outputs(SequenceClassifier model)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        model.eval();
        var ids = tensor([5L, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], [2, 6]).clone();
        return [.. model.call(ids, ones_like(ids), null).data<float>()];
    }
}
