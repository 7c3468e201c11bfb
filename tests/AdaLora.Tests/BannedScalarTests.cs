using System.Reflection;
using AdaLora.Internals;
using AdaLora.TestSupport;
using TorchSharp;
using Xunit;

namespace AdaLora.Tests;

/// <summary>No Scalar of ours may be freed while libtorch reads it: what would do that is banned, and the one place that creates them holds them.</summary>
public sealed class BannedScalarTests
{
    private const string HoldInstead = "Libtorch may read a Scalar that the garbage collector has freed. Use the operations of AdaLora.Internals.HeldScalars.";

    private const string OtherOptimizer = "Its steps pass Scalars that the garbage collector may free while libtorch reads them. Use AdaLora.Training.FusedAdamW.";

    /// <summary>Run with ADALORA_WRITE_BANS=1 to rewrite the file, for another version of TorchSharp.</summary>
    [Fact]
    public void The_banned_symbols_are_those_that_TorchSharps_code_passes_unheld_Scalars_in()
    {
        var file = TestMaterial.InRepository("src/BannedSymbols.Scalars.txt");
        var others = File.ReadAllLines(TestMaterial.InRepository("src/BannedSymbols.txt")).Select(line => line.Split(';')[0]).ToHashSet(StringComparer.Ordinal);
        var banned = typeof(torch).Assembly.GetExportedTypes().SelectMany(CompiledCalls.MethodsOf)
            .Where(method => IsReachable(method) && (TemporaryScalars.Makes(method) || TemporaryScalars.PassesOn(method)))
            .Select(method => (Symbol: SymbolOf(method), Advice: IsOfOptimizer(method) ? OtherOptimizer : HoldInstead))
            .Where(ban => !others.Contains(ban.Symbol)).Select(ban => $"{ban.Symbol};{ban.Advice}").Distinct().Order(StringComparer.Ordinal).ToList();

        if (Environment.GetEnvironmentVariable("ADALORA_WRITE_BANS") == "1")
            File.WriteAllLines(file, banned);

        Assert.True(banned.Count > 200, $"only {banned.Count} members were found");
        Assert.Equal(banned, File.ReadAllLines(file));
    }

    [Theory]
    [InlineData(typeof(torch.Tensor), "op_Addition", true)]
    [InlineData(typeof(torch.Tensor), "op_Subtraction", true)]
    [InlineData(typeof(torch.Tensor), "add_", true)]
    [InlineData(typeof(torch.Tensor), "square", true)]
    [InlineData(typeof(torch.linalg), "vector_norm", true)]
    [InlineData(typeof(torch.nn), "LeakyReLU", true)]
    [InlineData(typeof(torch.optim), "AdamW", true)]
    [InlineData(typeof(torch.Tensor), "mul", false)]
    [InlineData(typeof(torch.Tensor), "sub", false)]
    [InlineData(typeof(torch.Tensor), "addmm_", false)]
    [InlineData(typeof(torch.linalg), "norm", false)]
    [InlineData(typeof(torch.nn), "LayerNorm", false)]
    [InlineData(typeof(torch.nn), "Linear", false)]
    [InlineData(typeof(torch.nn), "Conv1d", false)]
    [InlineData(typeof(torch.nn), "Embedding", false)]
    [InlineData(typeof(torch.nn.functional), "cross_entropy", false)]
    [InlineData(typeof(torch.nn.functional), "scaled_dot_product_attention", false)]
    [InlineData(typeof(torch.nn.functional), "gelu", false)]
    [InlineData(typeof(torch.nn.functional), "dropout", false)]
    [InlineData(typeof(torch.nn.utils), "clip_grad_norm_", false)]
    public void Members_are_told_apart_as_a_reading_of_TorchSharps_source_does(Type type, string name, bool passesOn)
    {
        var overloads = CompiledCalls.MethodsOf(type).Where(method => method.IsPublic && method.Name == name).ToList();

        Assert.NotEmpty(overloads);
        Assert.Equal(passesOn, overloads.Any(TemporaryScalars.PassesOn));
    }

    [Fact]
    public void The_package_makes_Scalars_in_one_place_only()
    {
        Assert.Empty(TemporaryScalars.UsesIn(typeof(HeldScalars).Assembly, exempt: typeof(HeldScalars)));
    }

    /// <summary>Disposing it after the operation, even if that throws, keeps a Scalar alive until then.</summary>
    [Fact]
    public void Every_Scalar_that_is_made_there_is_disposed_after_its_operation_or_held_for_good()
    {
        var methods = CompiledCalls.MethodsOf(typeof(HeldScalars)).ToList();

        Assert.DoesNotContain(methods.SelectMany(CompiledCalls.Of), TemporaryScalars.PassesOn);
        Assert.All(methods.Where(method => method is MethodInfo), method => Assert.Equal(CompiledCalls.Of(method).Count(TemporaryScalars.Makes), Disposals(method)));
        Assert.All(typeof(HeldScalars).GetFields(BindingFlags.Static | BindingFlags.NonPublic), field => Assert.True(field.IsInitOnly));
    }

    private static int Disposals(MethodBase method) => method.GetMethodBody()!.ExceptionHandlingClauses.Count(clause => clause.Flags == ExceptionHandlingClauseOptions.Finally);

    // What can be named outside of TorchSharp. Objects that only banned members construct need no bans of their own. An optimiser may be derived from, with better
    // steps: there what makes one is banned, and the steps are.
    private static bool IsReachable(MethodBase method)
    {
        if (!method.IsPublic && !method.IsFamily)
            return false;
        if (method.DeclaringType!.IsAssignableTo(typeof(torch.optim.Optimizer)))
            return method is not ConstructorInfo;
        var constructors = method.DeclaringType!.GetConstructors(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance);
        return method.IsStatic || method is ConstructorInfo || !constructors.All(TemporaryScalars.PassesOn);
    }

    private static bool IsOfOptimizer(MethodBase method) => method.DeclaringType == typeof(torch.optim) || method.DeclaringType!.IsAssignableTo(typeof(torch.optim.Optimizer));

    private static string SymbolOf(MethodBase method) =>
        method.DeclaringType!.GetProperties().FirstOrDefault(property => property.GetMethod == method || property.SetMethod == method) is { } property
            ? SymbolNames.Of(property)
            : SymbolNames.Of(method);
}
