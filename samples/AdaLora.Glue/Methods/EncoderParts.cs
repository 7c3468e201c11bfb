using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Layers;
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

    /// <summary>Makes these parameters of the encoder and the head trainable, and nothing else.</summary>
    public static void Train(SequenceClassifier model, Func<TextEncoder, IEnumerable<Parameter>> ofEncoder)
    {
        var head = AdaptedParts.HeadOf(model).SelectMany(part => part.module.parameters());
        var chosen = ofEncoder(model.Encoder).Concat(head).Select(p => p.Handle).ToHashSet();
        foreach (var parameter in model.parameters())
            parameter.requires_grad = chosen.Contains(parameter.Handle);
    }
}
