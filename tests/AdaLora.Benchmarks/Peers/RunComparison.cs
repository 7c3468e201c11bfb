namespace AdaLora.Benchmarks;

/// <summary>Compares whole trainings of several programs, start-up and evaluation included: time, memory and what came of it.</summary>
internal static class RunComparison
{
    /// <param name="programs">The first is what the others are compared with.</param>
    /// <param name="work">What to train; the seed is that of the first round.</param>
    /// <param name="epochs">How long.</param>
    /// <param name="maxSteps">Steps at most; null for all.</param>
    /// <param name="rounds">How often, each time with the next seed.</param>
    public static BenchmarkTable Run(IReadOnlyList<ITrainingProgram> programs, PeerWork work, int epochs, int? maxSteps, int rounds)
    {
        var reports = programs.Select(_ => new List<TrainingReport>()).ToList();
        for (var round = 0; round < rounds; round++)
        {
            foreach (var (program, own) in programs.Zip(reports))
                own.Add(program.Train(work with { Seed = work.Seed + round }, epochs, maxSteps));
        }

        var metric = work.Task.PrimaryMetric;
        var extent = maxSteps is null ? $"{epochs} {(epochs == 1 ? "epoch" : "epochs")}" : $"{maxSteps} steps";
        return new BenchmarkTable(
            FormattableString.Invariant($"{Path.GetFileName(work.Model)}, {work.Task.Folder}, {work.Method}, {extent}, batch {work.Batch}, at most {work.Length} tokens, dropout {work.Dropout}, {work.Threads} threads"),
            [.. programs.Zip(reports, (program, own) => new BenchmarkRow(program.Name, [.. Compared(own)]))],
            rounds == 1 ? null : $"Medians over seeds {work.Seed} to {work.Seed + rounds - 1}; {metric} is the mean.");

        IEnumerable<Figure> Compared(IReadOnlyList<TrainingReport> own) =>
        [
            Figure.Seconds("wall s", Wall(own)),
            Figure.Ratio("wall ratio", Wall(own) / Wall(reports[0])),
            Figure.Milliseconds("median step ms", Medians.Of(own.Select(report => report.StepMilliseconds))),
            Figure.Megabytes("peak MB", Peak(own)),
            Figure.Ratio("peak ratio", Peak(own) / Peak(reports[0])),
            .. own.All(report => report.Metrics.ContainsKey(metric)) ? (Figure[])[Figure.Ratio(metric, own.Average(report => report.Metrics[metric]))] : [],
        ];
    }

    private static double Wall(IEnumerable<TrainingReport> reports) => Medians.Of(reports.Select(report => report.Elapsed.TotalSeconds));

    private static double Peak(IEnumerable<TrainingReport> reports) => Medians.Of(reports.Select(report => report.PeakMegabytes));
}
