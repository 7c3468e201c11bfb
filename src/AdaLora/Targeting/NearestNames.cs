namespace AdaLora.Targeting;

/// <summary>Finds the existing names most likely meant by a mistyped pattern.</summary>
internal static class NearestNames
{
    /// <summary>The distinct name tails, as long as the pattern, that differ from it in at most about a third of its characters, nearest first.</summary>
    public static IReadOnlyList<string> To(string pattern, IEnumerable<string> names, int count)
    {
        var segments = pattern.Split('.').Length;
        var limit = Math.Min(pattern.Length - 1, Math.Max(2, pattern.Length / 3));
        return [.. names
            .Select(name => Tail(name, segments))
            .Where(tail => tail.Length > 0)
            .Distinct(StringComparer.Ordinal)
            .Select(tail => (tail, distance: Distance(pattern.ToUpperInvariant(), tail.ToUpperInvariant())))
            .Where(candidate => candidate.distance <= limit)
            .OrderBy(candidate => candidate.distance)
            .ThenBy(candidate => candidate.tail, StringComparer.Ordinal)
            .Take(count)
            .Select(candidate => candidate.tail)];
    }

    /// <summary>The Levenshtein distance.</summary>
    public static int Distance(string left, string right)
    {
        var previous = Enumerable.Range(0, right.Length + 1).ToArray();
        var current = new int[right.Length + 1];
        for (var i = 1; i <= left.Length; i++)
        {
            current[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var substitution = previous[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
                current[j] = Math.Min(substitution, Math.Min(previous[j], current[j - 1]) + 1);
            }

            (previous, current) = (current, previous);
        }

        return previous[right.Length];
    }

    private static string Tail(string name, int segments) => string.Join('.', name.Split('.').TakeLast(segments));
}
