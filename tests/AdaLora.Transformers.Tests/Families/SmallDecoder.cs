using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Families.Gemma3;
using AdaLora.Transformers.Families.Gpt2;
using AdaLora.Transformers.Families.Llama;
using AdaLora.Transformers.Families.Mistral;
using AdaLora.Transformers.Families.Phi3;
using AdaLora.Transformers.Families.Qwen2;
using AdaLora.Transformers.Families.Qwen3;
using AdaLora.Transformers.Heads;
using Xunit;

namespace AdaLora.Transformers.Tests.Families;

/// <summary>A tiny language model of every decoder family, with everything that its configuration can switch on.</summary>
internal static class SmallDecoder
{
    private static readonly Dictionary<string, DecoderConfig> Configs = new(StringComparer.Ordinal)
    {
        ["gpt2"] = new Gpt2Config { VocabularySize = 50, HiddenSize = 16, Layers = 2, Heads = 2, InnerSize = 24, MaxPositions = 20, InitializerRange = 0.3 },
        ["llama"] = Shrink(new LlamaConfig { AttentionBias = true, FeedForwardBias = true }),
        ["mistral"] = Shrink(new MistralConfig { SlidingWindow = 3 }),
        ["qwen2"] = Shrink(new Qwen2Config { UsesSlidingWindow = true, SlidingWindow = 3, LayersWithoutWindow = 1, TiesWordEmbeddings = true }),
        ["qwen3"] = Shrink(new Qwen3Config { AttentionBias = true }) with { HeadSize = 6 },
        ["phi3"] = Shrink(new Phi3Config
        {
            EmbeddingDropout = 0.1,
            HiddenDropout = 0.1,
            PadId = 0,
            EndIds = [2],
            Rotary = new RotaryParameters { Type = RotaryType.LongRope, RotatedPart = 0.5, OriginalMaxPositions = 8, ShortFactors = [1], LongFactors = [2] },
        }),
        ["gemma3_text"] = Shrink(new Gemma3TextConfig { SlidingWindow = 3, FullLayerEvery = 2, ScoreSize = 5, LocalRotary = new RotaryParameters { Base = 500 } }),
    };

    public static TheoryData<string> Families => [.. Configs.Keys];

    public static DecoderConfig Config(string family) => Configs[family];

    public static CausalLM Make(string family, bool? isTied = null) =>
        AutoModel.NewCausalLM(isTied is { } tied ? Configs[family] with { TiesWordEmbeddings = tied } : Configs[family], seed: 1);

    private static T Shrink<T>(T config)
        where T : RotaryDecoderConfig => config with
        {
            VocabularySize = 50,
            HiddenSize = 16,
            Layers = 2,
            Heads = 4,
            KeyValueHeads = 2,
            HeadSize = 4,
            IntermediateSize = 24,
            MaxPositions = 20,
            InitializerRange = 0.3,
        };
}
