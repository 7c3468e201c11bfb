using TorchSharp;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Configuration;

/// <summary>Activation functions by their names in config.json.</summary>
internal static class Activation
{
    private static readonly Dictionary<string, Func<Tensor, Tensor>> Functions = new(StringComparer.Ordinal)
    {
        ["gelu"] = nn.functional.gelu,
        ["gelu_python"] = nn.functional.gelu,
        ["gelu_new"] = TanhGelu,
        ["gelu_fast"] = TanhGelu,
        ["gelu_pytorch_tanh"] = TanhGelu,
        ["relu"] = input => nn.functional.relu(input),
        ["silu"] = Silu,
        ["swish"] = Silu,
        ["tanh"] = torch.tanh,
        ["sigmoid"] = torch.sigmoid,
    };

    public static string AllNames { get; } = string.Join(", ", Functions.Keys);

    public static bool IsKnown(string? name) => name is not null && Functions.ContainsKey(name);

    public static Func<Tensor, Tensor> Get(string name) => Functions[name];

    /// <summary>Whether it is x · sigmoid(x).</summary>
    public static bool IsSilu(string name) => name is "silu" or "swish";

    private static Tensor Silu(Tensor input) => nn.functional.silu(input);

    private static Tensor TanhGelu(Tensor input) => input.gelu(TorchSharp.Modules.GELU.Approximate.tanh);
}
