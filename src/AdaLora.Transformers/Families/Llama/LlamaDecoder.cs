using AdaLora.Transformers.Layers;

namespace AdaLora.Transformers.Families.Llama;

/// <summary>Llama (Touvron et al., 2023; Llama 2 and 3).</summary>
internal static class LlamaDecoder
{
    public static TextDecoder Create(LlamaConfig config)
    {
        var parts = new GroupedAttentionParts
        {
            Rotary = new RotaryEmbedding(config.Rotary, config.ActualHeadSize, config.MaxPositions),
            HasInputBias = config.AttentionBias,
            HasOutputBias = config.AttentionBias,
        };
        return new RotaryDecoder("LlamaModel", config,
            layer => new PreNormBlock(config, new GroupedQueryAttention(config, parts, layer), new GatedFeedForward(config, hasBias: config.FeedForwardBias)));
    }
}
