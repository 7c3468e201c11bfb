using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AdaLora.Benchmarks;

/// <summary>One contender's median, and its ratio to the first contender's.</summary>
internal sealed record BenchmarkRow(string Name, double MedianMilliseconds, double Ratio)
{
    public static IReadOnlyList<BenchmarkRow> From(IEnumerable<(string Name, IReadOnlyList<double> Milliseconds)> measured)
    {
        var medians = measured.Select(m => (m.Name, Median: m.Milliseconds.Order().ElementAt(m.Milliseconds.Count / 2))).ToList();
        return [.. medians.Select(m => new BenchmarkRow(m.Name, m.Median, m.Median / medians[0].Median))];
    }

    public static string ToMarkdown(IReadOnlyList<BenchmarkRow> rows)
    {
        var text = new StringBuilder("| contender | median ms | ratio |\n| --- | ---: | ---: |\n");
        foreach (var row in rows)
            text.Append(CultureInfo.InvariantCulture, $"| {row.Name} | {row.MedianMilliseconds:F2} | {row.Ratio:F3} |\n");
        return text.ToString();
    }

    public static string ToJson(IReadOnlyList<BenchmarkRow> rows) => JsonSerializer.Serialize(rows, JsonSerializerOptions.Web) + "\n";
}
