using System.Globalization;
using System.Text;
using AdaLora.Experiments.Settings;

namespace AdaLora.Experiments.Comparison;

/// <summary>A comparison as a table with a row per run.</summary>
internal static class ComparisonCsv
{
    public static string Write(IReadOnlyList<CellResult> results)
    {
        var metrics = results.SelectMany(result => result.Record?.Final.Keys ?? []).Distinct().ToList();
        var text = new StringBuilder();
        AppendRow(text, ["panel", "row", "task", "method", "seed", "status", .. metrics, "trainable_start", "trainable_end", "wall_seconds", "step_ms_median", "peak_rss_mb", "folder", "error"]);
        foreach (var result in results)
            AppendRow(text, Row(result, metrics));
        return text.ToString();
    }

    private static IReadOnlyList<object?> Row(CellResult result, IReadOnlyList<string> metrics)
    {
        var (settings, record) = (result.Cell.Settings, result.Record);
        return
        [
            result.Cell.Panel,
            result.Cell.Row,
            settings.Task.Name,
            settings.Method.Name,
            settings.Get(RunOptions.Seed),
            record is not null ? "done" : result.Error is not null ? "failed" : "stopped",
            .. metrics.Select(metric => (object?)record?.Final.GetValueOrDefault(metric)),
            record?.TrainableParameters.Start,
            record?.TrainableParameters.End,
            record?.WallSeconds,
            record?.StepMsMedian,
            record?.PeakRssMb,
            settings.OutputFolder,
            result.Error,
        ];
    }

    private static void AppendRow(StringBuilder text, IEnumerable<object?> values) =>
        text.AppendJoin(',', values.Select(value => Quoted(Convert.ToString(value, CultureInfo.InvariantCulture) ?? ""))).Append('\n');

    private static string Quoted(string value) => value.AsSpan().IndexOfAny(",\"\r\n") < 0 ? value : $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
