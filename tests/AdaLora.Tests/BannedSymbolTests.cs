using System.Reflection;
using AdaLora.TestSupport;
using TorchSharp;
using Xunit;

namespace AdaLora.Tests;

/// <summary>The analyzer passes over a symbol that does not exist: one that is mistyped would ban nothing.</summary>
public sealed class BannedSymbolTests
{
    private static readonly HashSet<string> Methods =
    [
        .. typeof(torch).Assembly.GetTypes()
            .Where(type => type.FullName!.StartsWith("TorchSharp.torch", StringComparison.Ordinal))
            .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly)
                .Select(method => $"M:{NameOf(type)}.{method.Name}({string.Join(',', method.GetParameters().Select(parameter => NameOf(parameter.ParameterType)))})")),
    ];

    [Fact]
    public void Every_banned_method_exists()
    {
        var banned = File.ReadAllLines(TestMaterial.InRepository("src/BannedSymbols.txt")).Select(line => line.Split(';')[0]).ToList();

        Assert.True(banned.Count >= 10);
        Assert.All(banned, symbol => Assert.Contains(symbol, Methods));
    }

    [Theory]
    [InlineData("matmul")]
    [InlineData("cummax")]
    [InlineData("cummin")]
    [InlineData("randint")]
    [InlineData("randint_like")]
    public void All_overloads_of_a_method_that_ends_the_process_are_banned(string name)
    {
        var banned = File.ReadAllLines(TestMaterial.InRepository("src/BannedSymbols.txt")).Select(line => line.Split(';')[0]).ToHashSet();

        Assert.All(Methods.Where(method => method.StartsWith($"M:TorchSharp.torch.{name}(", StringComparison.Ordinal) || method.StartsWith($"M:TorchSharp.torch.Tensor.{name}(", StringComparison.Ordinal)), method => Assert.Contains(method, banned));
    }

    // As the compiler writes it in documentation.
    private static string NameOf(Type type)
    {
        if (type.IsByRef)
            return NameOf(type.GetElementType()!) + "@";
        if (type.IsArray)
            return NameOf(type.GetElementType()!) + "[]";
        var name = (type.IsGenericType ? type.GetGenericTypeDefinition() : type).FullName?.Replace('+', '.') ?? type.Name;
        return type.IsGenericType && name.Contains('`', StringComparison.Ordinal) ? $"{name[..name.IndexOf('`', StringComparison.Ordinal)]}{{{string.Join(',', type.GetGenericArguments().Select(NameOf))}}}" : name;
    }
}
