using AdaLora.Transformers;
using AdaLora.Transformers.Families.Llama;

namespace AdaLora.Benchmarks;

/// <summary>The decoder of this benchmark: a small Llama with random weights.</summary>
internal static class DecoderShape
{
    // The vocabulary is small so that the blocks, which are what is adapted, are most of the model.
    private static readonly LlamaConfig Config = new()
    {
        VocabularySize = 6656,
        HiddenSize = 512,
        IntermediateSize = 1376,
        Layers = 8,
        Heads = 8,
        KeyValueHeads = 4,
    };

    /// <summary>Writes a checkpoint. Not for the process that compares programs, whose memory would become part of their peaks.</summary>
    /// <returns>The number of its parameters.</returns>
    public static long Write(string folder)
    {
        using var model = AutoModel.NewCausalLM(Config, seed: 1);
        model.SaveCheckpoint(folder);
        return model.parameters().Sum(parameter => parameter.numel());
    }
}
