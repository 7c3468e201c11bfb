using static TorchSharp.torch;

namespace AdaLora.Benchmarks;

/// <summary>Element types under the names that they have on the command line.</summary>
internal static class ElementTypes
{
    public const string Single = "fp32";
    public const string Brain = "bf16";

    public static IReadOnlyList<string> Names { get; } = [Single, Brain];

    public static ScalarType Of(string name) => name == Brain ? ScalarType.BFloat16 : ScalarType.Float32;

    public static string NameOf(ScalarType type) => type == ScalarType.BFloat16 ? Brain : Single;
}
