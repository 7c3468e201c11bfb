using System.Globalization;

namespace AdaLora.Experiments.Reports;

/// <summary>Ranks and importance over a run as a table: a row per observation and matrix.</summary>
internal static class RankHistoryCsv
{
    public static string Write(IReadOnlyList<TrainingStatus> history) =>
        "step,module,layer,matrix,rank,importance\n" + string.Concat(history.SelectMany(status => (status.Allocation ?? []).Select(module => Row(status.Step, module))));

    private static string Row(int step, ModuleAllocation module)
    {
        var name = ModuleName.Parse(module.Module);
        return string.Create(CultureInfo.InvariantCulture, $"{step},{module.Module},{name.Layer},{name.Matrix},{module.Rank},{module.Importance}\n");
    }
}
