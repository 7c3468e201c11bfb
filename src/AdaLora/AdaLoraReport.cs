using System.Globalization;
using System.Text;
using AdaLora.Targeting;

namespace AdaLora;

/// <summary>How a model is adapted now: counts, budget, and the rank of every matrix.</summary>
/// <param name="Step">Optimiser steps done.</param>
/// <param name="Budget">Triplets that the latest mask kept.</param>
/// <param name="IsFrozen">Whether the pattern is settled.</param>
/// <param name="Counts">Numbers of parameters.</param>
/// <param name="Modules">Every adapted matrix, in the order of the model.</param>
public sealed record AdaLoraReport(long Step, int Budget, bool IsFrozen, ParameterCounts Counts, IReadOnlyList<AdaptedModule> Modules)
{
    /// <summary>The report as plain text, a line per matrix.</summary>
    public override string ToString()
    {
        var width = Modules.Max(m => ReadableName.Of(m.Name).Length);
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"step {Step}, {Budget} triplets live{(IsFrozen ? " (final)" : "")}, {Counts.Trainable:N0} of {Counts.Total:N0} parameters trained");
        foreach (var module in Modules)
            text.AppendLine(CultureInfo.InvariantCulture, $"{ReadableName.Of(module.Name).PadRight(width)}  {module.OutFeatures,5} x {module.InFeatures,-5}  rank {module.LiveRank,3} of {module.InitialRank}");
        return text.ToString();
    }
}
