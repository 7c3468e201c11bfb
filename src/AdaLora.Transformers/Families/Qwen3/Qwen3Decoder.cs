using AdaLora.Transformers.Layers;

namespace AdaLora.Transformers.Families.Qwen3;

/// <summary>Qwen3: Llama with a norm of every head of queries and keys.</summary>
internal static class Qwen3Decoder
{
    public static TextDecoder Create(Qwen3Config config)
    {
        var parts = new GroupedAttentionParts
        {
            Rotary = new RotaryEmbedding(config.Rotary, config.ActualHeadSize, config.MaxPositions),
            HasInputBias = config.AttentionBias,
            HasOutputBias = config.AttentionBias,
            HeadNorm = () => new RmsNorm(config.ActualHeadSize, config.LayerNormEps),
        };
        return new RotaryDecoder("Qwen3Model", config,
            layer => new PreNormBlock(config, new GroupedQueryAttention(config, parts with { Window = config.WindowOf(layer) }, layer), new GatedFeedForward(config)));
    }
}
