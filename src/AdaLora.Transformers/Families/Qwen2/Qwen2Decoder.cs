using AdaLora.Transformers.Layers;

namespace AdaLora.Transformers.Families.Qwen2;

/// <summary>Qwen2 and Qwen2.5: Llama with biases of queries, keys and values.</summary>
internal static class Qwen2Decoder
{
    public static TextDecoder Create(Qwen2Config config)
    {
        var parts = new GroupedAttentionParts { Rotary = new RotaryEmbedding(config.Rotary, config.ActualHeadSize, config.MaxPositions), HasInputBias = true };
        return new RotaryDecoder("Qwen2Model", config,
            layer => new PreNormBlock(config, new GroupedQueryAttention(config, parts with { Window = config.WindowOf(layer) }, layer), new GatedFeedForward(config)));
    }
}
