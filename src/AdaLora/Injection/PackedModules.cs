using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>TorchSharp modules whose linear maps live in native code, so that there is no managed layer to replace.</summary>
internal static class PackedModules
{
    public static string? ReasonFor(nn.Module module) => module switch
    {
        MultiheadAttention or Transformer or TransformerEncoder or TransformerEncoderLayer or TransformerDecoder or TransformerDecoderLayer =>
            $"{module.GetType().Name} keeps its weights packed in native code and has no linear layer that could be replaced",
        jit.ScriptModule => "a compiled TorchScript module has no layers that could be replaced",
        _ => null,
    };
}
