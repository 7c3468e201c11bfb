using System.Reflection;
using AdaLora.TestSupport;
using TorchSharp;
using Xunit;

namespace AdaLora.Tests;

/// <summary>The analyzer ignores a symbol that does not exist: a mistyped one would ban nothing.</summary>
public sealed class BannedSymbolTests
{
    private const BindingFlags Own = BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static readonly List<Type> Types =
        [.. typeof(torch).Assembly.GetTypes().Where(type => type.FullName!.StartsWith("TorchSharp.torch", StringComparison.Ordinal) || type.FullName == "TorchSharp.TensorExtensionMethods")];

    private static readonly List<(MethodInfo Method, string Symbol)> Methods = [.. Types.SelectMany(type => type.GetMethods(Own)).Select(method => (method, SymbolNames.Of(method)))];

    private static readonly HashSet<string> Symbols =
        [.. Methods.Select(method => method.Symbol), .. Types.SelectMany(type => type.GetProperties(Own)).Select(SymbolNames.Of)];

    private static HashSet<string> Banned => [.. File.ReadAllLines(TestMaterial.InRepository("src/BannedSymbols.txt")).Select(line => line.Split(';')[0])];

    [Fact]
    public void Every_banned_symbol_exists()
    {
        Assert.True(Banned.Count >= 70);
        Assert.All(Banned, symbol => Assert.Contains(symbol, Symbols));
    }

    [Theory]
    [InlineData("matmul")]
    [InlineData("cummax")]
    [InlineData("cummin")]
    [InlineData("randint")]
    [InlineData("randint_like")]
    [InlineData("item")]
    [InlineData("data")]
    [InlineData("cpu")]
    [InlineData("storage")]
    [InlineData("tolist")]
    [InlineData("WriteBytesToStream")]
    [InlineData("op_Explicit")]
    [InlineData("is_nonzero")]
    [InlineData("allclose")]
    [InlineData("nonzero")]
    [InlineData("nonzero_as_list")]
    [InlineData("argwhere")]
    [InlineData("masked_select")]
    [InlineData("unique")]
    [InlineData("unique_consecutive")]
    [InlineData("bincount")]
    public void All_overloads_of_what_ends_the_process_or_waits_for_a_device_are_banned(string name)
    {
        var overloads = Methods.Where(method => method.Method.Name == name && (method.Method.DeclaringType == typeof(torch) || method.Method.DeclaringType == typeof(torch.Tensor))).ToList();

        Assert.NotEmpty(overloads);
        Assert.All(overloads, method => Assert.Contains(method.Symbol, Banned));
    }

    /// <summary>A number comes out of a tensor as a plain value, and whatever returns one is banned or known to read no element.</summary>
    [Fact]
    public void Whatever_turns_a_tensor_into_a_plain_value_is_banned()
    {
        string[] looksAtNone =
        [
            "DecoupleFromNativeHandle", "GetHashCode", "dim", "element_size", "has_names", "is_complex", "is_conj", "is_contiguous", "is_cpu", "is_floating_point", "is_integral", "is_neg",
                "is_pinned", "is_quantized", "numel",
            "q_per_channel_axis", "q_scale", "q_zero_point", "size", "storage_offset", "stride",
        ];
        var plain = Methods
            .Where(method => method.Method.DeclaringType == typeof(torch.Tensor)
                ? !method.Method.IsStatic
                : method.Method.DeclaringType!.Name == "TensorExtensionMethods" && method.Method.GetParameters() is [var only] && only.ParameterType == typeof(torch.Tensor))
            .Where(method => !method.Method.IsSpecialName && (method.Method.ReturnType.IsPrimitive || method.Method.ReturnType == typeof(Scalar) || method.Method.ReturnType == typeof(Half)))
            .Where(method => !looksAtNone.Contains(method.Method.Name))
            .ToList();

        Assert.True(plain.Count >= 20);
        Assert.All(plain, method => Assert.Contains(method.Symbol, Banned));
    }
}
