using System.Globalization;
using System.Text;
using AdaLora.Allocation;
using AdaLora.Targeting;

namespace AdaLora;

/// <summary>The current state of an adapted model: counts, budget, and the rank of every matrix.</summary>
public sealed class AdaLoraReport
{
    internal AdaLoraReport(long step, int budget, bool isPatternFinal, ParameterCounts counts, IReadOnlyList<AdaptedModule> modules) =>
        (Step, Budget, IsPatternFinal, Counts, Modules) = (step, budget, isPatternFinal, counts, modules);

    /// <summary>Optimiser steps done.</summary>
    public long Step { get; }

    /// <summary>Triplets the latest mask kept.</summary>
    public int Budget { get; }

    /// <summary>What the budget counts.</summary>
    public BudgetUnit BudgetUnit { get; internal init; }

    /// <summary>What the schedule allowed at the latest step, in the unit of the budget; before the first, what all triplets cost.</summary>
    public int ScheduledBudget { get; internal init; }

    /// <summary>Whether the pattern is final.</summary>
    public bool IsPatternFinal { get; }

    /// <summary>Parameter counts.</summary>
    public ParameterCounts Counts { get; }

    /// <summary>Every adapted matrix, in model order.</summary>
    public IReadOnlyList<AdaptedModule> Modules { get; }

    /// <summary>The report as plain text, one line per matrix.</summary>
    public override string ToString()
    {
        var width = Modules.Max(m => ReadableName.Of(m.Name).Length);
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"step {Step}, {Budget} triplets live{(IsPatternFinal ? " (final)" : "")}{Spent}, {Counts.Trainable:N0} of {Counts.Total:N0} parameters trained");
        foreach (var module in Modules)
        {
            var limits = new RankLimits(module.MinimumRank, module.MaximumRank).Suffix;
            text.AppendLine(CultureInfo.InvariantCulture,
                $"{ReadableName.Of(module.Name).PadRight(width)}  {module.OutFeatures,5} x {module.InFeatures,-5}  rank {module.LiveRank,3} of {module.InitialRank}{limits}");
        }

        return text.ToString();
    }

    private string Spent => BudgetUnit == BudgetUnit.Triplets ? "" : string.Create(CultureInfo.InvariantCulture, $" with {Counts.Adapters:N0} of {ScheduledBudget:N0} parameters");
}
