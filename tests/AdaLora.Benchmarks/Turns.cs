using System.Diagnostics;

namespace AdaLora.Benchmarks;

/// <summary>Lets contenders take turns, call by call, so that whatever else the machine does hits all of them; only ratios mean anything.</summary>
internal static class Turns
{
    /// <param name="contenders">The first is what the others are compared with.</param>
    /// <param name="warmup">Rounds that are not counted.</param>
    /// <param name="rounds">Rounds that are, at least 1.</param>
    public static IReadOnlyList<BenchmarkRow> Take(IReadOnlyList<(string Name, Action Work)> contenders, int warmup, int rounds)
    {
        var milliseconds = contenders.Select(_ => new List<double>(rounds)).ToList();
        for (var round = -warmup; round < Math.Max(1, rounds); round++)
        {
            foreach (var (contender, times) in contenders.Zip(milliseconds))
            {
                var watch = Stopwatch.StartNew();
                contender.Work();
                if (round >= 0)
                    times.Add(watch.Elapsed.TotalMilliseconds);
            }
        }

        return BenchmarkRow.From(contenders.Zip(milliseconds).Select(c => (c.First.Name, (IReadOnlyList<double>)c.Second)));
    }
}
