using AdaLora.Transformers.Models;
using TorchSharp.Modules;

namespace AdaLora.Glue;

/// <summary>Choices of what to train of an encoder's own parameters.</summary>
internal static class EncoderParts
{
    /// <summary>What is added in linear layers and layer norms.</summary>
    public static IEnumerable<Parameter> Biases(TextEncoder encoder) =>
        encoder.named_parameters().Where(p => p.name.EndsWith(".bias", StringComparison.Ordinal)).Select(p => p.parameter);

    public static IEnumerable<Parameter> Everything(TextEncoder encoder) => encoder.parameters();

    public static IEnumerable<Parameter> None(TextEncoder encoder) => [];
}
