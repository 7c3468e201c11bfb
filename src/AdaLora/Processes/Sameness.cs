using System.Text;

namespace AdaLora.Processes;

/// <summary>Compares what must be the same on all processes of a group, and says what is not.</summary>
internal static class Sameness
{
    /// <param name="group">The processes, each of which calls this.</param>
    /// <param name="here">What must be the same, by name.</param>
    /// <param name="subject">What differs otherwise, for the message.</param>
    /// <exception cref="InvalidOperationException">Something differs. It is thrown on all processes and lists everything that does.</exception>
    public static void Require(IProcessGroup group, IEnumerable<KeyValuePair<string, string>> here, string subject)
    {
        if (group.Size == 1)
            return;
        var all = group.AllGather(Encoding.UTF8.GetBytes(string.Join('\n', here.Select(pair => $"{Line(pair.Key)}\t{Line(pair.Value)}")))).Select(Parse).ToList();
        var differences = Enumerable.Range(1, group.Size - 1).SelectMany(rank => all[0].Keys.Union(all[rank].Keys)
            .Where(name => all[0].GetValueOrDefault(name) != all[rank].GetValueOrDefault(name))
            .Order(StringComparer.Ordinal)
            .Select(name => $"{name} is {all[rank].GetValueOrDefault(name) ?? "absent"} on process {rank} and {all[0].GetValueOrDefault(name) ?? "absent"} on process 0")).ToList();
        if (differences.Count > 0)
            throw new InvalidOperationException($"{subject}: {string.Join("; ", differences)}.");
    }

    private static string Line(string text) => text.Replace('\n', ' ').Replace('\t', ' ');

    private static Dictionary<string, string> Parse(byte[] bytes) => bytes.Length == 0
        ? []
        : Encoding.UTF8.GetString(bytes).Split('\n').Select(line => line.Split('\t')).ToDictionary(parts => parts[0], parts => parts[1], StringComparer.Ordinal);
}
