using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Families.Bart;
using AdaLora.Transformers.Families.Gpt2;
using AdaLora.Transformers.Families.Llama;
using AdaLora.Transformers.Families.Mistral;
using AdaLora.Transformers.Families.Phi3;
using AdaLora.Transformers.Families.Qwen2;
using AdaLora.Transformers.Families.Qwen3;
using AdaLora.Transformers.Families.T5;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Families;

/// <summary>Published decoders on the meta device: the parameters that their model cards count, and what adapters of all linear layers of their blocks add.</summary>
public sealed class PublishedShapeTests
{
    private static readonly Dictionary<string, DecoderConfig> Configs = new(StringComparer.Ordinal)
    {
        ["GPT-2"] = new Gpt2Config(),
        ["Llama-3.2-1B"] = new LlamaConfig
        {
            VocabularySize = 128256,
            HiddenSize = 2048,
            IntermediateSize = 8192,
            Layers = 16,
            KeyValueHeads = 8,
            HeadSize = 64,
            MaxPositions = 131072,
            LayerNormEps = 1e-5,
            TiesWordEmbeddings = true,
            Rotary = new RotaryParameters { Type = RotaryType.Llama3, Base = 500000, Factor = 32, LowFrequencyFactor = 1, HighFrequencyFactor = 4, OriginalMaxPositions = 8192 },
        },
        ["SmolLM2-135M"] = new LlamaConfig { VocabularySize = 49152, HiddenSize = 576, IntermediateSize = 1536, Layers = 30, Heads = 9, KeyValueHeads = 3, TiesWordEmbeddings = true },
        ["Qwen2.5-0.5B"] = new Qwen2Config { HiddenSize = 896, IntermediateSize = 4864, Layers = 24, Heads = 14, KeyValueHeads = 2, TiesWordEmbeddings = true },
        ["Qwen3-0.6B"] = new Qwen3Config { HiddenSize = 1024, IntermediateSize = 3072, Layers = 28, Heads = 16, KeyValueHeads = 8, TiesWordEmbeddings = true },
        ["Phi-3.5-mini"] = new Phi3Config
        {
            MaxPositions = 131072,
            Rotary = new RotaryParameters
            {
                Type = RotaryType.LongRope,
                OriginalMaxPositions = 4096,
                ShortFactors = [.. Enumerable.Repeat(1.0, 48)],
                LongFactors = [.. Enumerable.Repeat(2.0, 48)],
            },
        },
        ["Mistral-7B"] = new MistralConfig(),
    };

    /// <summary>Model, parameters, matrices that are adapted, and their parameters per rank: outputs + inputs of all.</summary>
    public static TheoryData<string, long, int, long> Published => new()
    {
        { "GPT-2", 124_439_808, 48, 147_456 },
        { "Llama-3.2-1B", 1_235_814_400, 112, 704_512 },
        { "SmolLM2-135M", 134_515_008, 210, 305_280 },
        { "Qwen2.5-0.5B", 494_032_768, 168, 549_888 },
        { "Qwen3-0.6B", 596_049_920, 196, 630_784 },
        { "Phi-3.5-mini", 3_821_079_552, 128, 1_572_864 },
        { "Mistral-7B", 7_241_732_096, 224, 2_621_440 },
    };

    /// <summary>Model, parameters, matrices that are adapted, and the parameters of one rank in all of them: outputs + inputs + lambda.</summary>
    public static TheoryData<string, long, int, long> EncoderDecoders => new()
    {
        { "BART-large", 406_291_456, 192, 540_864 },
        { "BART-base", 139_420_416, 96, 202_848 },
        { "T5-base", 222_903_552, 192, 405_696 },
        { "FLAN-T5-base", 247_577_856, 216, 424_152 },
    };

    private static EncoderDecoderConfig EncoderDecoder(string name) => name switch
    {
        "BART-large" => new BartConfig { Layers = 12 },
        "BART-base" => new BartConfig { HiddenSize = 768, Layers = 6, Heads = 12, IntermediateSize = 3072 },
        "T5-base" => new T5Config { HiddenSize = 768, Layers = 12, Heads = 12, IntermediateSize = 3072 },
        _ => new T5Config { HiddenSize = 768, Layers = 12, Heads = 12, IntermediateSize = 2048, HiddenActivation = "gelu_new", IsGated = true, TiesWordEmbeddings = false, ScalesOutput = false },
    };

    [Theory]
    [MemberData(nameof(EncoderDecoders))]
    public void Encoder_decoders_have_the_published_sizes(string name, long parameters, int adapters, long perRank)
    {
        var before = get_default_device();
        set_default_device(device("meta"));
        try
        {
            using var model = AutoModel.NewSeq2SeqLM(EncoderDecoder(name), seed: 1);
            Assert.Equal(parameters, model.parameters().Sum(p => p.numel()));
            var planned = AdaLoraModel.Plan(model, new AdaLoraOptions()).Adapters;
            Assert.Equal(adapters, planned.Count);
            Assert.Equal(perRank, planned.Sum(adapter => (long)adapter.OutFeatures + adapter.InFeatures + 1));
        }
        finally
        {
            set_default_device(before);
        }
    }

    [Theory]
    [MemberData(nameof(Published))]
    public void Parameters_and_adapters_have_the_published_sizes(string name, long parameters, int adapters, long perRank)
    {
        var before = get_default_device();
        set_default_device(device("meta"));
        try
        {
            using var model = AutoModel.NewCausalLM(Configs[name], seed: 1);
            Assert.Equal(parameters, model.parameters().Sum(p => p.numel()));
            var planned = AdaLoraModel.Plan(model, new AdaLoraOptions()).Adapters;
            Assert.Equal(adapters, planned.Count);
            Assert.Equal(perRank, planned.Sum(adapter => (long)adapter.OutFeatures + adapter.InFeatures));
        }
        finally
        {
            set_default_device(before);
        }
    }
}
