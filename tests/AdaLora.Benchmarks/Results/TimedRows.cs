namespace AdaLora.Benchmarks;

/// <summary>Makes rows of timings: medians, and what they are relative to those of one contender or several.</summary>
internal static class TimedRows
{
    /// <param name="timings">All contenders.</param>
    /// <param name="baselines">The names of those that the others are compared with; the first one when there are none.</param>
    public static IReadOnlyList<BenchmarkRow> From(IReadOnlyList<Timing> timings, params IReadOnlyList<string> baselines)
    {
        var compared = baselines.Count == 0 ? [timings[0]] : baselines.Select(name => timings.Single(t => t.Name == name)).ToList();
        return [.. timings.Select(t => new BenchmarkRow(t.Name, [Figure.Milliseconds("median ms", t.Median), .. compared.Select(b => Figure.Ratio(ColumnOf(b), t.Median / b.Median))]))];

        string ColumnOf(Timing baseline) => compared.Count == 1 ? "ratio" : $"of {baseline.Name}";
    }
}
