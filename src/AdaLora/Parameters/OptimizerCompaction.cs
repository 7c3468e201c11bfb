using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Parameters;

/// <summary>Makes the state of an optimiser follow a parameter that shrinks in place.</summary>
internal static class OptimizerCompaction
{
    /// <summary>Finds out, before anything is changed, whether the optimiser's state can follow.</summary>
    /// <exception cref="NotSupportedException">It cannot.</exception>
    public static void Require(optim.Optimizer optimizer)
    {
        if (optimizer is not ICompactableOptimizer && !OptimizerFields.CanReach(optimizer))
            throw new NotSupportedException(
                $"The optimiser {optimizer.GetType().Name} keeps its state where compaction cannot reach it. Implement {nameof(ICompactableOptimizer)}, use one of TorchSharp's managed optimisers, or do not compact.");
    }

    /// <summary>Keeps the elements <paramref name="origins"/> of every state tensor that has one entry per former element of <paramref name="parameter"/>.</summary>
    public static void Apply(optim.Optimizer optimizer, Parameter parameter, long formerElements, Tensor origins)
    {
        if (optimizer is ICompactableOptimizer own)
        {
            own.Compact(parameter, origins);
            return;
        }

        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var index = OptimizerFields.ParametersOf(optimizer).ToList().FindIndex(p => ReferenceEquals(p, parameter));
        if (index < 0)
            throw new ArgumentException("The optimiser does not train the adapters: it was made from other parameters than AdaLoraModel.TrainableParameters.", nameof(optimizer));
        var states = OptimizerFields.StatesOf(optimizer);
        if (index >= states.Count)
            return;
        foreach (var tensor in OptimizerFields.Of(states[index]).Select(f => f.GetValue(states[index])).OfType<Tensor>().Where(t => t.numel() == formerElements))
            tensor.set_(tensor.index_select(0, origins));
    }
}
