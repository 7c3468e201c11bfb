using System.Diagnostics;

namespace AdaLora.Benchmarks;

/// <summary>Lets contenders take turns, call by call, so that whatever else the machine does affects all of them; only ratios are meaningful.</summary>
internal static class Turns
{
    /// <param name="contenders">What to measure.</param>
    /// <param name="pace">How long to measure.</param>
    /// <param name="before">Done before each turn, outside its time; null for nothing.</param>
    public static IReadOnlyList<Timing> Take(IReadOnlyList<(string Name, Action Work)> contenders, Pace pace, Action? before = null)
    {
        var milliseconds = contenders.Select(_ => new List<double>(pace.Rounds)).ToList();
        for (var round = -pace.Warmup; round < pace.Rounds; round++)
        {
            foreach (var (contender, times) in contenders.Zip(milliseconds))
            {
                before?.Invoke();
                var watch = Stopwatch.StartNew();
                contender.Work();
                if (round >= 0)
                    times.Add(watch.Elapsed.TotalMilliseconds);
            }
        }

        return [.. contenders.Zip(milliseconds).Select(c => new Timing(c.First.Name, c.Second))];
    }
}
