using AdaLora.Transformers.Layers;

namespace AdaLora.Transformers.Families.Gemma3;

/// <summary>Gemma 3 for text (Gemma Team, 2025): layers with a window and their own rotary base between layers that see everything.</summary>
internal static class Gemma3Decoder
{
    public static TextDecoder Create(Gemma3TextConfig config)
    {
        var full = new RotaryEmbedding(config.Rotary, config.ActualHeadSize, config.MaxPositions);
        var local = new RotaryEmbedding(config.LocalRotary, config.ActualHeadSize, config.MaxPositions);
        return new RotaryDecoder("Gemma3TextModel", config, Block, Norm, wordScale: Math.Sqrt(config.HiddenSize));

        SandwichNormBlock Block(int layer) => new(
            Norm,
            new GroupedQueryAttention(config, new GroupedAttentionParts
            {
                Rotary = config.Slides(layer) ? local : full,
                HasInputBias = config.AttentionBias,
                HasOutputBias = config.AttentionBias,
                HeadNorm = () => new RmsNorm(config.ActualHeadSize, config.LayerNormEps, addsOne: true),
                ScoreSize = config.ScoreSize,
                Window = config.WindowOf(layer),
            }, layer),
            new GatedFeedForward(config));

        RmsNorm Norm() => new(config.HiddenSize, config.LayerNormEps, addsOne: true);
    }
}
