using AdaLora.Transformers.Layers;

namespace AdaLora.Transformers.Families.Mistral;

/// <summary>Mistral (Jiang et al., 2023): Llama with a sliding window.</summary>
internal static class MistralDecoder
{
    public static TextDecoder Create(MistralConfig config)
    {
        var parts = new GroupedAttentionParts { Rotary = new RotaryEmbedding(config.Rotary, config.ActualHeadSize, config.MaxPositions), Window = config.SlidingWindow };
        return new RotaryDecoder("MistralModel", config, layer => new PreNormBlock(config, new GroupedQueryAttention(config, parts, layer), new GatedFeedForward(config)));
    }
}
