using System.Text.Json;
using System.Text.Json.Nodes;
using AdaLora.Experiments.Programs;
using AdaLora.Glue.Metrics;

namespace AdaLora.Benchmarks;

/// <summary>What a training program reports about itself, and how long its process took.</summary>
/// <param name="Elapsed">From the start of the process to its end.</param>
/// <param name="StepMilliseconds">The median of its steps.</param>
/// <param name="PeakMegabytes">Its largest resident set.</param>
/// <param name="Metrics">The metrics of the last evaluation, under the application's names.</param>
internal sealed record TrainingReport(TimeSpan Elapsed, double StepMilliseconds, double PeakMegabytes, IReadOnlyDictionary<string, double> Metrics)
{
    private const string StepMillisecondsKey = "step_ms_median";
    private const string PeakMegabytesKey = "peak_rss_mb";
    private const string FinalKey = "final";

    private static readonly IReadOnlyDictionary<string, string> ForeignNames = new Dictionary<string, string> { ["mcc"] = MetricNames.Matthews, ["acc"] = MetricNames.Accuracy };

    /// <summary>What a block of this program prints for the process that compares it with others, as the scripts around the peers do.</summary>
    /// <param name="milliseconds">Those of every step.</param>
    /// <param name="uncounted">Steps at the beginning that are not counted.</param>
    public static string OfThisProcess(IEnumerable<double> milliseconds, int uncounted) =>
        new JsonObject { [StepMillisecondsKey] = Medians.Of(milliseconds.Skip(uncounted)), [PeakMegabytesKey] = ProcessMemory.PeakMegabytes() }.ToJsonString();

    /// <summary>Reads what the application's train, a block of this program and the script around PEFT print: one JSON object, which may follow lines of progress.</summary>
    /// <exception cref="ChildProcessException">There is no such object.</exception>
    public static TrainingReport Of(ChildResult result)
    {
        var node = Parse(result.Output) ?? Parse(result.Output.TrimEnd().Split('\n')[^1]);
        if (node is null || node[StepMillisecondsKey] is not { } step || node[PeakMegabytesKey] is not { } peak)
            throw new ChildProcessException($"A training process printed no result. Its output: {result.Output}");
        var metrics = (node[FinalKey] as JsonObject ?? []).Where(metric => metric.Value is JsonValue)
            .ToDictionary(metric => ForeignNames.GetValueOrDefault(metric.Key, metric.Key), metric => (double)metric.Value!);
        return new TrainingReport(result.Elapsed, (double)step, (double)peak, metrics);
    }

    private static JsonObject? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
