using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AdaLora.GpuCheck;

/// <summary>The results of all checks as gpu-check.json and gpu-check.md.</summary>
internal sealed record CheckReport(string Device, bool IsQuick, DateTimeOffset Begun, double Seconds, IReadOnlyList<CheckResult> Items)
{
    public static JsonSerializerOptions Json { get; } = new()
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private static JsonSerializerOptions Indented { get; } = new(Json) { WriteIndented = true };

    public void Write(string folder)
    {
        _ = Directory.CreateDirectory(folder);
        Replace(Path.Combine(folder, "gpu-check.json"), JsonSerializer.Serialize(this, Indented));
        Replace(Path.Combine(folder, "gpu-check.md"), ToMarkdown());
    }

    /// <summary>The line that is printed when a check has ended.</summary>
    public static string LineOf(CheckResult result)
    {
        var first = result.Message?.Split('\n', 2)[0];
        return string.Create(CultureInfo.InvariantCulture, $"{result.Status.ToString().ToLowerInvariant(),-7} {result.Name,-16} {result.Seconds,6:F1} s{(first is null ? "" : "  " + first)}");
    }

    // A reader never sees half a file, and a process that is killed leaves the file before.
    private static void Replace(string path, string text)
    {
        File.WriteAllText(path + ".new", text);
        File.Move(path + ".new", path, overwrite: true);
    }

    private string ToMarkdown()
    {
        var text = new StringBuilder();
        Line($"# Check on {Device}{(IsQuick ? " (a rehearsal with tiny shapes)" : "")}, {Begun:yyyy-MM-dd HH:mm} UTC, {Seconds:F0} s");
        Line($"");
        Line($"| item | result | seconds |");
        Line($"| --- | --- | ---: |");
        foreach (var item in Items)
            Line($"| {item.Title} | {item.Status.ToString().ToLowerInvariant()} | {item.Seconds:F1} |");
        var targets = Items.SelectMany(item => item.Targets).ToList();
        if (targets.Count > 0)
        {
            Line($"");
            Line($"| target | measured | at most | |");
            Line($"| --- | ---: | ---: | --- |");
            foreach (var target in targets)
                Line($"| {target.Name} | {target.Value:F3} | {target.AtMost:F2} | {(target.IsMet ? "met" : "missed")} |");
        }

        foreach (var item in Items)
            Append(item);
        return text.ToString();

        void Append(CheckResult item)
        {
            Line($"");
            Line($"## {item.Title}");
            if (item.Message is { } message)
                Line($"\n{item.Status}:\n\n```\n{message}\n```");
            if (item.Notes.Count > 0)
                Line($"");
            foreach (var note in item.Notes)
                Line($"- {note}");
            foreach (var table in item.Tables)
            {
                Line($"\n{table.Title}\n");
                Line($"| | {string.Join(" | ", table.Columns)} |");
                Line($"| --- |{string.Concat(table.Columns.Select(_ => " ---: |"))}");
                foreach (var row in table.Rows)
                    Line($"| {row.Name} | {string.Join(" | ", row.Values.Select(Format))} |");
            }
        }

        void Line(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }

    private static string Format(double? value) => value switch
    {
        null => "-",
        { } whole when whole == Math.Round(whole) && Math.Abs(whole) < 1e9 => whole.ToString("F0", CultureInfo.InvariantCulture),
        { } number => number.ToString(Math.Abs(number) >= 0.01 ? "F3" : "G3", CultureInfo.InvariantCulture),
    };
}
