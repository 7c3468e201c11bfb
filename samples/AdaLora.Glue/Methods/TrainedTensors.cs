using AdaLora.Serialization;
using static TorchSharp.torch;

namespace AdaLora.Glue;

/// <summary>Keeps the parameters of a model that require gradients.</summary>
internal static class TrainedTensors
{
    public static IReadOnlyList<string> Write(nn.Module model, string folder)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, "trained.safetensors");
        SafetensorsWriter.Write(
            path,
            model.named_parameters().Where(p => p.parameter.requires_grad).ToDictionary(p => p.name, p => (Tensor)p.parameter, StringComparer.Ordinal),
            new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" });
        return [path];
    }
}
