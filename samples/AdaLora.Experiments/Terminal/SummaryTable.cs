using AdaLora.Experiments.Reports;
using Spectre.Console;

namespace AdaLora.Experiments.Terminal;

/// <summary>Shows the results of runs on one task side by side.</summary>
internal static class SummaryTable
{
    public static void Write(IAnsiConsole console, IReadOnlyList<RunRecord> runs)
    {
        var metrics = runs.SelectMany(run => run.Final.Keys).Distinct().ToList();
        var table = new Table().Title($"results on {Markup.Escape(runs[0].Task)}, dev set").Border(TableBorder.Rounded).AddColumn("method");
        foreach (var metric in metrics)
            _ = table.AddColumn(new TableColumn(Markup.Escape(metric)).RightAligned());
        if (metrics.Count > 0)
            _ = table.AddColumn(new TableColumn($"best {Markup.Escape(metrics[0])}").RightAligned());
        foreach (var name in (string[])["trainable parameters", "time", "ms/step"])
            _ = table.AddColumn(new TableColumn(name).RightAligned());
        foreach (var run in runs)
        {
            _ = table.AddRow(
            [
                run.Method + (run.Status == RunStatus.Cancelled ? " (cancelled)" : ""),
                .. metrics.Select(metric => Formats.Metric(run.Final.GetValueOrDefault(metric))),
                .. metrics.Take(1).Select(metric => Formats.Metric(run.Best.GetValueOrDefault(metric))),
                Parameters(run.TrainableParameters),
                Formats.Duration(TimeSpan.FromSeconds(run.WallSeconds)),
                double.IsFinite(run.StepMsMedian) ? Formats.Number(run.StepMsMedian) : "",
            ]);
        }

        console.Write(table);
    }

    private static string Parameters(TrainableParameters counts) =>
        counts.Start == counts.End ? Formats.Count(counts.End) : $"{Formats.Count(counts.Start)} → {Formats.Count(counts.End)}";
}
