using AdaLora.Transformers.Layers;

namespace AdaLora.Transformers.Families.Phi3;

/// <summary>Phi-3 and Phi-3.5 (Abdin et al., 2024): Llama with packed projections.</summary>
internal static class Phi3Decoder
{
    public static TextDecoder Create(Phi3Config config)
    {
        var parts = new GroupedAttentionParts
        {
            Rotary = new RotaryEmbedding(config.Rotary, config.ActualHeadSize, config.MaxPositions),
            IsPacked = true,
            Window = config.SlidingWindow,
        };
        return new RotaryDecoder("Phi3Model", config,
            layer => new PreNormBlock(config, new GroupedQueryAttention(config, parts, layer), new GatedFeedForward(config, isPacked: true)), wordDropout: config.EmbeddingDropout);
    }
}
