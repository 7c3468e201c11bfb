using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Families.Bert;
using AdaLora.Transformers.Families.DebertaV2;
using AdaLora.Transformers.Families.DistilBert;
using AdaLora.Transformers.Families.Electra;
using AdaLora.Transformers.Families.Roberta;
using AdaLora.Transformers.Heads;
using Xunit;

namespace AdaLora.Transformers.Tests.Families;

/// <summary>A classifier of every family with two layers and random weights.</summary>
internal static class SmallClassifier
{
    private static readonly Dictionary<string, Func<int, SequenceClassifier>> Makers = new(StringComparer.Ordinal)
    {
        ["bert"] = labels => new BertForSequenceClassification(Small(new BertConfig()), labels, seed: 1),
        ["roberta"] = labels => new RobertaForSequenceClassification(Small(new RobertaConfig()), labels, seed: 1),
        ["xlm-roberta"] = labels => new RobertaForSequenceClassification(Small(new XlmRobertaConfig()), labels, seed: 1),
        ["distilbert"] = labels => new DistilBertForSequenceClassification(Small(new DistilBertConfig()), labels, seed: 1),
        ["electra"] = labels => new ElectraForSequenceClassification(Small(new ElectraConfig { EmbeddingSize = 8 }), labels, seed: 1),
        ["deberta-v2"] = labels => new DebertaV2ForSequenceClassification(
            Small(new DebertaV2Config
            {
                RelativeAttention = true,
                PositionBuckets = 4,
                PositionTerms = ["c2p", "p2c"],
                SharesProjections = true,
                RelativeEmbeddingNorm = "layer_norm",
                PositionBiasedInput = false,
                ConvolutionSize = 3
            }), labels, seed: 1),
    };

    public static TheoryData<string> Families => [.. Makers.Keys];

    public static SequenceClassifier Make(string family, int labels) => Makers[family](labels);

    private static TConfig Small<TConfig>(TConfig config)
        where TConfig : EncoderConfig => config with
        {
            VocabularySize = 50,
            HiddenSize = 16,
            Layers = 2,
            Heads = 2,
            IntermediateSize = 24,
            MaxPositions = 20,
            HiddenDropout = 0.1,
            AttentionDropout = 0.1
        };
}
