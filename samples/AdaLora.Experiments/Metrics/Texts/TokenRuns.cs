namespace AdaLora.Experiments.Metrics.Texts;

/// <summary>Runs of neighbouring tokens, counted.</summary>
internal static class TokenRuns
{
    /// <summary>How often each run of a length occurs. Tokens hold no spaces, which separate them here.</summary>
    public static Dictionary<string, int> Count(IReadOnlyList<string> tokens, int length)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var begin = 0; begin + length <= tokens.Count; begin++)
        {
            var run = length == 1 ? tokens[begin] : string.Join(' ', tokens.Skip(begin).Take(length));
            counts[run] = counts.GetValueOrDefault(run) + 1;
        }

        return counts;
    }

    /// <summary>How many runs both have; each as often as in the one that has fewer of it.</summary>
    public static int Shared(IReadOnlyDictionary<string, int> one, IReadOnlyDictionary<string, int> other) => one.Sum(run => Math.Min(run.Value, other.GetValueOrDefault(run.Key)));
}
