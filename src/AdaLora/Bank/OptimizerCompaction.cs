using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Bank;

/// <summary>Makes the state of an optimiser follow a bank that shrinks.</summary>
internal static class OptimizerCompaction
{
    /// <summary>Adds to the steps that of every state tensor with one entry per former element the same elements are kept. An optimiser of one's own comes last, as nobody can take back what it does.</summary>
    /// <exception cref="NotSupportedException">Its state cannot follow.</exception>
    /// <exception cref="ArgumentException">It does not train the parameter.</exception>
    public static void Follow(optim.Optimizer optimizer, Parameter parameter, BankChange change, Transition steps)
    {
        if (optimizer is ICompactableOptimizer own)
        {
            RequireTrained(ParametersOf(optimizer), parameter);
            steps.AddLast(() => own.Compact(parameter, change.Origins));
            return;
        }

        if (!OptimizerFields.CanReach(optimizer))
            throw new NotSupportedException(
                $"The optimiser {optimizer.GetType().Name} keeps its state where compaction cannot reach it. Implement {nameof(ICompactableOptimizer)}, use one of TorchSharp's managed optimisers, or do not compact.");
        var index = RequireTrained(ParametersOf(optimizer), parameter);
        var states = OptimizerFields.StatesOf(optimizer);
        if (index >= states.Count)
            return;
        foreach (var tensor in OptimizerFields.Of(states[index]).Select(f => f.GetValue(states[index])).OfType<Tensor>().Where(t => t.numel() == change.Former.Elements))
            steps.Exchange(tensor, change.Gather(tensor));
    }

    private static List<Parameter> ParametersOf(optim.Optimizer optimizer) => OptimizerFields.CanReach(optimizer) ? [.. OptimizerFields.ParametersOf(optimizer)] : [.. optimizer.parameters()];

    private static int RequireTrained(List<Parameter> trained, Parameter parameter) => trained.FindIndex(p => ReferenceEquals(p, parameter)) is >= 0 and var index
        ? index
        : throw new ArgumentException("The optimiser does not train the adapters: it was made from other parameters than AdaLoraModel.TrainableParameters.", "optimizer");
}
