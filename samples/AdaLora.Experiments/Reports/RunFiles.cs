using System.Globalization;
using System.Text;
using AdaLora.Experiments.Programs;

namespace AdaLora.Experiments.Reports;

/// <summary>Writes the files of a run. Each appears complete or not at all, and replaces one of an earlier run.</summary>
internal static class RunFiles
{
    public const string Metrics = "metrics.json";
    public const string RanksTable = "ranks.csv";
    public const string RanksPicture = "ranks.png";
    public const string TrainingPicture = "training.png";
    public const string HistoryTable = "ranks_history.csv";
    public const string HistoryPicture = "history.png";

    /// <summary>Removes what says that the run in a folder has finished, because another one starts there.</summary>
    public static void Reopen(string folder)
    {
        if (Directory.Exists(folder))
            File.Delete(Path.Combine(folder, Metrics));
    }

    /// <summary>Writes all files into <paramref name="folder"/>, which is created if necessary.</summary>
    /// <param name="folder">The run's output folder.</param>
    /// <param name="record">Becomes metrics.json.</param>
    /// <param name="ranks">All adapted matrices; empty for methods without adapters.</param>
    /// <param name="history">The status after each step.</param>
    /// <returns>The paths of the files.</returns>
    public static IReadOnlyList<string> Write(string folder, RunRecord record, IReadOnlyList<ModuleRank> ranks, IReadOnlyList<TrainingStatus> history)
    {
        var name = $"{record.Task} · {record.Method} · seed {record.Seed}";
        var kept = ranks.Sum(rank => rank.FinalRank);
        var given = ranks.Sum(rank => rank.InitialRank);
        var summary = ranks.Count == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {kept} of {given} triplets kept");
        (string Name, byte[] Content)[] files =
        [
            (RanksTable, Encoding.UTF8.GetBytes(ToCsv(ranks))),
            (RanksPicture, RankHeatMap.Draw($"{name}: final ranks{summary}", ranks)),
            (TrainingPicture, TrainingPlot.Draw(name, history, record.Evaluations)),
            (HistoryTable, Encoding.UTF8.GetBytes(RankHistoryCsv.Write(history))),
            (HistoryPicture, RankHistoryPlot.Draw(name, history, ranks)),
            // Last: a run whose record exists has finished and is not repeated.
            (Metrics, Encoding.UTF8.GetBytes(record.ToJson())),
        ];
        foreach (var (file, content) in files)
            OutputFile.Write(Path.Combine(folder, file), content);
        return [.. files.OrderBy(file => file.Name != Metrics).Select(file => Path.Combine(folder, file.Name))];
    }

    private static string ToCsv(IReadOnlyList<ModuleRank> ranks)
    {
        var lines = ranks.Select(rank =>
        {
            var name = ModuleName.Parse(rank.Module);
            return string.Create(CultureInfo.InvariantCulture, $"{rank.Module},{name.Layer},{name.Matrix},{rank.InitialRank},{rank.FinalRank}\n");
        });
        return "module,layer,matrix,initial_rank,final_rank\n" + string.Concat(lines);
    }
}
