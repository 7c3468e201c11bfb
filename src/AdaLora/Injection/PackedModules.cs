using AdaLora.Targeting;
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
        jit.ScriptModule => "a compiled TorchScript module has no layers that could be replaced; adapt the model before it is compiled, or build it from TorchSharp's layers",
        _ => null,
    };

    /// <summary>Why the matrices of a module that is not a linear map get no adapter, or null if it has none.</summary>
    public static string? UncoveredIn(nn.Module module) => module switch
    {
        LSTM or GRU or RNN or LSTMCell or GRUCell or RNNCell =>
            $"{module.GetType().Name} keeps its weights packed in native code, so its matrices get no adapter; it is frozen unless it is named in TrainedModules",
        _ when IsOfTorchSharp(module) => null,
        _ => OwnMatrixOf(module) is not var (name, matrix)
            ? null
            : $"a {TypeNames.Of(module.GetType())} uses no linear layer that could be replaced, and its own matrix '{name}' ({matrix.shape[0]} x {matrix.shape[1]}) gets no adapter; {IfLinear}",
    };

    /// <summary>What to do for a linear map that is not a Linear.</summary>
    public const string IfLinear = "if the module is a linear map, let it implement IProjection (docs/guide.md#layers-of-your-own)";

    public static bool IsOfTorchSharp(nn.Module module) => module.GetType().Assembly == typeof(nn.Module).Assembly;

    private static (string Name, Tensor Matrix)? OwnMatrixOf(nn.Module module)
    {
        var (name, matrix) = module.named_parameters(recurse: false).FirstOrDefault(own => own.parameter.dim() == 2 && own.parameter.is_floating_point());
        return matrix is null ? null : (ReadableName.Of(name), matrix);
    }
}
