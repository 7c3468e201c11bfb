using System.Text.Json;
using System.Text.Json.Serialization;

namespace AdaLora.Experiments.Reports;

/// <summary>Writes the metrics of an evaluation next to its step and loss, not in a separate object.</summary>
internal sealed class TaskEvaluationJsonConverter : JsonConverter<TaskEvaluation>
{
    private const string Step = "step";
    private const string Epoch = "epoch";
    private const string Loss = "loss";

    public override TaskEvaluation Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var values = JsonSerializer.Deserialize<OrderedDictionary<string, double?>>(ref reader, options)!;
        var evaluation = new TaskEvaluation((int)values[Step]!.Value, values[Epoch] ?? double.NaN, values, values[Loss] ?? double.NaN);
        foreach (var name in (string[])[Step, Epoch, Loss])
            _ = values.Remove(name);
        return evaluation;
    }

    public override void Write(Utf8JsonWriter writer, TaskEvaluation value, JsonSerializerOptions options)
    {
        var values = new OrderedDictionary<string, double?> { [Step] = value.Step, [Epoch] = value.Epoch };
        foreach (var (name, metric) in value.Metrics)
            values.Add(name, metric);
        values.Add(Loss, value.Loss);
        JsonSerializer.Serialize(writer, values, options);
    }
}
