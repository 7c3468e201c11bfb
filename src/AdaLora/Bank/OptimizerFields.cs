using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Bank;

/// <summary>The per-parameter state of TorchSharp's managed optimisers: tensors and numbers in the fields of one object per parameter.</summary>
internal static class OptimizerFields
{
    public static bool CanReach(optim.Optimizer optimizer) => optimizer is OptimizerHelper;

    /// <summary>One object per parameter, in the order of <see cref="ParametersOf"/>; fewer if the optimiser has no state for some.</summary>
    public static IReadOnlyList<OptimizerState> StatesOf(optim.Optimizer optimizer) => ((OptimizerHelper)optimizer).state_dict().State;

    public static IReadOnlyList<Parameter> ParametersOf(optim.Optimizer optimizer) => [.. ((OptimizerHelper)optimizer).parameters()];

    /// <summary>The options of a parameter group, such as betas and momentum, without learning rates; empty if it has none.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "An option that the optimiser reads is kept. One that trimming drops makes no difference to a training, and is not compared.")]
    public static IEnumerable<(string Name, object? Value)> OptionsOf(optim.ILearningRateController group)
    {
        // An optimiser's own group type hides the base type's property of the same name.
        var options = group.GetType().GetProperties().Where(p => p.Name == "Options").Select(p => p.GetValue(group)).FirstOrDefault(o => o is not null);
        return options is null ? [] : options.GetType().GetFields(BindingFlags.Instance | BindingFlags.Public).Select(f => (f.Name, f.GetValue(options)))
            .Concat(options.GetType().GetProperties().Select(p => (p.Name, p.GetValue(options))))
            .Where(o => !o.Name.EndsWith("LearningRate", StringComparison.Ordinal))
            .OrderBy(o => o.Name, StringComparer.Ordinal);
    }

    /// <summary>The fields of one such object, except the one that holds the parameter itself.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "The optimiser reads and stores what it remembers, so that trimming keeps these fields.")]
    public static IEnumerable<FieldInfo> Of(OptimizerState state) =>
        state.GetType().GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).Where(f => f.FieldType != typeof(Parameter));
}
