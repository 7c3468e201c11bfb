using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Families.Bart;
using AdaLora.Transformers.Families.T5;
using AdaLora.Transformers.Heads;
using Xunit;

namespace AdaLora.Transformers.Tests.Families;

/// <summary>A tiny model of an encoder and a decoder of every kind, with stacks of different depth and everything that its configuration can switch on.</summary>
internal static class SmallSeq2Seq
{
    private static readonly Dictionary<string, EncoderDecoderConfig> Configs = new(StringComparer.Ordinal)
    {
        ["bart"] = new BartConfig
        {
            VocabularySize = 50,
            HiddenSize = 16,
            Layers = 2,
            DecoderLayers = 1,
            Heads = 4,
            DecoderHeads = 2,
            IntermediateSize = 24,
            DecoderIntermediateSize = 20,
            MaxPositions = 20,
            AttentionDropout = 0.1,
            ActivationDropout = 0.1,
            ScalesEmbeddings = true,
            InitializerRange = 0.3,
        },
        ["t5"] = SmallT5,
        ["t5_v1_1"] = SmallT5 with { HiddenActivation = "gelu_new", IsGated = true, TiesWordEmbeddings = false, ScalesOutput = false, DecoderLayers = 3 },
    };

    public static TheoryData<string> Families => [.. Configs.Keys];

    private static T5Config SmallT5 => new() { VocabularySize = 50, HiddenSize = 16, Layers = 2, Heads = 4, HeadSize = 6, IntermediateSize = 24, Buckets = 8, MaxDistance = 20 };

    public static EncoderDecoderConfig Config(string family) => Configs[family];

    public static Seq2SeqLM Make(string family) => AutoModel.NewSeq2SeqLM(Configs[family], seed: 1);
}
