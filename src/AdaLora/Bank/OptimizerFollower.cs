using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Bank;

/// <summary>
/// Makes an optimiser's state follow a bank: state per element of the triplets moves with them, and starts at 0 for new ones. A custom optimiser comes last, because what it does cannot be
/// undone.
/// </summary>
/// <param name="optimizer">The optimiser.</param>
/// <param name="parameter">The bank's values.</param>
internal sealed class OptimizerFollower(optim.Optimizer optimizer, Parameter parameter) : IBankFollower
{
    public optim.Optimizer Optimizer => optimizer;

    /// <exception cref="NotSupportedException">The optimiser's state cannot be adjusted.</exception>
    /// <exception cref="ArgumentException">It does not train the parameter.</exception>
    public void Require()
    {
        if (!CanFollow(optimizer))
        {
            throw new NotSupportedException(
                $"The optimiser {optimizer.GetType().Name} keeps its state where it cannot follow triplets that are dropped or added. Implement {nameof(IOptimizerState)}, use one of TorchSharp's managed optimisers, or keep all triplets.");
        }

        _ = Index();
    }

    /// <summary>Whether the optimiser's state is accessible.</summary>
    public static bool CanFollow(optim.Optimizer optimizer) => optimizer is IOptimizerState || OptimizerFields.CanReach(optimizer);

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">The optimiser's state cannot be adjusted.</exception>
    /// <exception cref="ArgumentException">It does not train the parameter.</exception>
    public void Follow(BankChange change, Transition steps)
    {
        Require();
        if (optimizer is IOptimizerState own)
        {
            steps.AddLast(() => own.Resize(parameter, change.Origins));
            return;
        }

        var states = OptimizerFields.StatesOf(optimizer);
        var index = Index();
        if (index >= states.Count)
            return;
        foreach (var tensor in OptimizerFields.Of(states[index]).Select(f => f.GetValue(states[index])).OfType<Tensor>().Where(t => !t.IsInvalid && t.numel() == change.Former.Elements))
            steps.Exchange(tensor, change.Gather(tensor));
    }

    private int Index()
    {
        var trained = OptimizerFields.CanReach(optimizer) ? OptimizerFields.ParametersOf(optimizer) : [.. optimizer.parameters()];
        for (var i = 0; i < trained.Count; i++)
        {
            if (ReferenceEquals(trained[i], parameter))
                return i;
        }

        throw new ArgumentException("The optimiser does not train the adapters: it was built from parameters other than AdaLoraModel.TrainableParameters.", nameof(optimizer));
    }
}
