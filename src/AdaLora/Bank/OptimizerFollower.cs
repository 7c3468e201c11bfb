using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Bank;

/// <summary>
/// Makes an optimiser's state follow a bank: state per element of the triplets moves with them, and starts at 0 for new ones; and so do the learning rates of their parts. A custom optimiser
/// comes last, because what it does cannot be undone.
/// </summary>
/// <param name="optimizer">The optimiser.</param>
/// <param name="bank">The bank, whose values it trains as a whole or in <paramref name="parts"/>.</param>
/// <param name="parts">The parts of the bank's values, if they were ever asked for.</param>
/// <param name="factors">The learning rates that the parts should have.</param>
internal sealed class OptimizerFollower(optim.Optimizer optimizer, TripletBank bank, TripletParameters? parts, LearningRateFactors factors) : IBankFollower
{
    public optim.Optimizer Optimizer => optimizer;

    /// <exception cref="NotSupportedException">The optimiser's state cannot be adjusted, or it cannot give parts learning rates of their own.</exception>
    /// <exception cref="ArgumentException">It does not train the triplets.</exception>
    public void Require()
    {
        if (!CanFollow(optimizer))
        {
            throw new NotSupportedException(
                $"The optimiser {optimizer.GetType().Name} keeps its state where it cannot follow triplets that are dropped or added. Implement {nameof(IOptimizerState)}, use one of TorchSharp's managed optimisers, or keep all triplets.");
        }

        var isWhole = Find().Count == 1;
        if (factors.AreOne || (isWhole && optimizer is IRateRuns))
            return;
        throw new NotSupportedException(isWhole
            ? $"The optimiser {optimizer.GetType().Name} trains all triplets with one learning rate, but {nameof(LearningRateFactors)} are {factors}. Use FusedAdamW, or leave them at 1 and give {nameof(TripletParameters)} to the optimiser in parameter groups with rates of their own."
            : $"The optimiser trains {nameof(TripletParameters)} with the learning rates of its groups, but {nameof(LearningRateFactors)} are {factors} as well. Leave them at 1.");
    }

    /// <summary>Whether the optimiser's state is accessible.</summary>
    public static bool CanFollow(optim.Optimizer optimizer) => optimizer is IOptimizerState || OptimizerFields.CanReach(optimizer);

    /// <summary>Gives the parts of the triplets their learning rates.</summary>
    public void UseRates() => UseRates(bank.Layout);

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">The optimiser's state cannot be adjusted.</exception>
    /// <exception cref="ArgumentException">It does not train the triplets.</exception>
    public void Follow(BankChange change, Transition steps)
    {
        Require();
        var found = Find();
        if (optimizer is IOptimizerState own)
        {
            foreach (var trained in found)
            {
                var origins = trained.OriginsIn(change);
                steps.AddLast(() => own.Resize(trained.Parameter, origins));
            }

            steps.AddLast(() => UseRates(change.Layout));
            return;
        }

        var states = OptimizerFields.StatesOf(optimizer);
        foreach (var trained in found.Where(t => t.Index < states.Count))
        {
            var (length, origins) = (trained.LengthIn(change.Former), trained.OriginsIn(change));
            foreach (var tensor in OptimizerFields.Of(states[trained.Index]).Select(f => f.GetValue(states[trained.Index])).OfType<Tensor>().Where(t => !t.IsInvalid && t.numel() == length))
                steps.Exchange(tensor, BankChange.Gather(tensor, origins));
        }
    }

    private void UseRates(BankLayout layout)
    {
        if (!factors.AreOne && optimizer is IRateRuns rates)
            rates.UseRates(bank.Values, RateRun.Of(layout, factors));
    }

    // The whole, or every part.
    private List<TrainedTriplets> Find()
    {
        var trained = OptimizerFields.CanReach(optimizer) ? OptimizerFields.ParametersOf(optimizer) : [.. optimizer.parameters()];
        if (IndexOf(bank.Values) is >= 0 and var whole)
            return [new TrainedTriplets(bank.Values, whole, null)];
        var found = (parts?.All ?? []).Select((parameter, part) => new TrainedTriplets(parameter, IndexOf(parameter), part)).ToList();
        if (found.Count > 0 && found.TrueForAll(t => t.Index >= 0))
            return found;
        throw new ArgumentException(
            found.Exists(t => t.Index >= 0)
                ? $"The optimiser trains only some of {nameof(TripletParameters)}: it needs all of {nameof(TripletParameters.P)}, {nameof(TripletParameters.Q)} and {nameof(TripletParameters.Lambda)}."
                : "The optimiser does not train the adapters: it was built from parameters other than AdaLoraModel.TrainableParameters.",
            nameof(optimizer));

        int IndexOf(Parameter parameter)
        {
            for (var i = 0; i < trained.Count; i++)
            {
                if (ReferenceEquals(trained[i], parameter))
                    return i;
            }

            return -1;
        }
    }
}
