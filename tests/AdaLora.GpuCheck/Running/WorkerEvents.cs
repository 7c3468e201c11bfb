using System.Text.Json;

namespace AdaLora.GpuCheck;

/// <summary>A file in which a worker records, line by line, which check it starts and how each ended, so that this is known however the process ends.</summary>
internal static class WorkerEvents
{
    private sealed record Event(string? Begun, CheckResult? Ended);

    public static void Begin(string file, ICheck check) => Append(file, new Event(check.Name, null));

    public static void End(string file, CheckResult result) => Append(file, new Event(null, result));

    /// <summary>What has finished so far, and the check in progress.</summary>
    public static (IReadOnlyList<CheckResult> Ended, string? Current) Read(string file)
    {
        var ended = new List<CheckResult>();
        string? current = null;
        using var stream = new FileStream(file, FileMode.OpenOrCreate, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        foreach (var line in reader.ReadToEnd().Split('\n').SkipLast(1))
        {
            var item = JsonSerializer.Deserialize<Event>(line, CheckReport.Json)!;
            current = item.Begun;
            if (item.Ended is { } result)
                ended.Add(result);
        }

        return (ended, current);
    }

    private static void Append(string file, Event item)
    {
        using var stream = new FileStream(file, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        using var writer = new StreamWriter(stream);
        writer.Write(JsonSerializer.Serialize(item, CheckReport.Json) + "\n");
    }
}
