using AdaLora.Peft;

namespace AdaLora.Experiments.Reports;

/// <summary>The ranks of an inspected adapter, in the form of those of a run.</summary>
internal static class InspectionRanks
{
    public static IReadOnlyList<ModuleRank> Of(AdapterInspection inspection) =>
        [.. inspection.Matrices.Select(matrix => new ModuleRank(matrix.Name, matrix.InitialRank, matrix.Rank))];
}
