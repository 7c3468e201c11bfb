using AdaLora.Allocation;
using AdaLora.Injection;
using AdaLora.Peft;
using AdaLora.Targeting;

namespace AdaLora;

/// <content>What the files of an adapter say, and the options it is trained with.</content>
public sealed partial class AdaLoraModel
{
    /// <exception cref="InvalidDataException">The configuration asks for something the options do not allow.</exception>
    private static AdaLoraOptions OptionsFor(SavedFit fit, string folder)
    {
        var training = fit.Training();
        var options = new AdaLoraOptions
        {
            InitialRank = training.InitialRank,
            TargetBudget = training.TargetBudget,
            BudgetUnit = fit.Config.Unsettled.Terms.Unit,
            Overrides = LimitsOf(fit.Config.Unsettled.Terms),
            Alpha = training.Alpha,
            Dropout = training.Dropout,
            Targets = TargetModules.Exactly(fit.Modules),
            TrainedModules = fit.TrainedModules,
            TrainedRows = fit.TrainedRows,
            Biases = fit.Config.Biases,
        };
        if (training.Allocation is { } allocation)
        {
            options = options with
            {
                TargetRank = allocation.TargetRank,
                InitialPhase = allocation.InitialPhase,
                FinalPhase = allocation.FinalPhase,
                MaskInterval = allocation.MaskInterval,
                Beta1 = allocation.Beta1,
                Beta2 = allocation.Beta2,
                OrthogonalityWeight = allocation.OrthogonalityWeight,
            };
        }

        try
        {
            options.Validate();
            return options;
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"The configuration of the adapter in '{folder}' cannot be used. {e.Message}", e);
        }
    }

    private static ModuleOverrides LimitsOf(AllocationTerms terms) => terms.Limits.Aggregate(
        ModuleOverrides.None, (rules, limits) => rules.With(TargetModules.Exactly([limits.Key]), minimumRank: limits.Value.Minimum, maximumRank: limits.Value.Maximum));

    private AdapterDescription Describe()
    {
        var held = _adapters.Sum(a => a.Rank);
        return new AdapterDescription
        {
            Modules = [.. _adapters.Select(a => a.Slot.Name)],
            ModelModules = [.. OriginalNames],
            TrainedModules = FullyTrainedModules,
            TrainedRows = _rows.ToDictionary(own => own.Table, own => own.Rows, StringComparer.Ordinal),
            HasTiedTrainedModules = HasTiedTrainedModules,
            Biases = Options.Biases,
            HasTransposedWeights = Sites.Any(s => s.Adaptable.WeightIsTransposed),
            Alpha = Options.Alpha,
            Dropout = Options.Dropout,
            InitialRank = _adapters.Max(a => InitialRankOf(a.Slot.Name)),
            HasGrown = HasGrown,
            TargetRank = Options.TargetRank,
            TargetBudget = Options.TargetBudget is { } target ? (int)(target / MeanCost) : null,
            MaskInterval = Options.MaskInterval,
            Beta1 = Options.Beta1,
            Beta2 = Options.Beta2,
            OrthogonalityWeight = Options.OrthogonalityWeight,
            Schedule = Schedule,
            HeldTriplets = held,
            FinalBudget = (int)Math.Min(TargetBudget, _terms.CostOf(_bank.Layout.Shapes)),
            Terms = _terms,
            IsPatternFinal = IsPatternFinal,
            AreRanksFinal = AreRanksFinal,
        };
    }

    // Of a triplet that is held.
    private double MeanCost => _bank.Layout.Triplets == 0 ? 1 : (double)_terms.CostOf(_bank.Layout.Shapes) / _bank.Layout.Triplets;

    private bool HasTiedTrainedModules()
    {
        if (FullyTrainedModules.Count == 0)
            return false;
        var tied = new TiedModules(ModuleNode.Walk(Model));
        return FullyTrainedModules.Any(module => tied.Describe(module) is not null);
    }
}
