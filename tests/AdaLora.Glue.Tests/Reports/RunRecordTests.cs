using System.Text.Json;
using System.Text.Json.Nodes;
using AdaLora.Experiments.Reports;
using Xunit;

namespace AdaLora.Glue.Tests;

public sealed class RunRecordTests
{
    private static readonly string[] Keys =
    [
        "task", "method", "status", "seed", "model", "options", "total_steps", "device", "evaluations", "final", "best", "trainable_parameters", "ranks", "wall_seconds",
        "step_ms_median", "peak_device_mb", "peak_rss_mb", "skipped_steps", "loss_scale", "processes", "exchange",
    ];

    [Fact]
    public void Json_has_exactly_the_agreed_keys()
    {
        var json = JsonNode.Parse(FakeRecord.Create(FakeRanks.Bert(2, 8)).ToJson())!.AsObject();

        Assert.Equal(Keys.Order(), json.Select(entry => entry.Key).Order());
        Assert.Equal("completed", (string?)json["status"]);
        Assert.Equal(200_000, (long?)json["trainable_parameters"]!["start"]);
        Assert.Equal(150_000, (long?)json["trainable_parameters"]!["end"]);
        Assert.Equal(["step", "epoch", "matthews", "accuracy", "loss"], json["evaluations"]![0]!.AsObject().Select(entry => entry.Key));
        Assert.Equal(8, (int?)json["ranks"]!["bert.encoder.layer.1.output.dense"]);
    }

    [Fact]
    public void Record_is_read_back_as_it_was_written()
    {
        var text = FakeRecord.Create(FakeRanks.Bert(2, 8)).ToJson();

        var record = RunRecord.FromJson(text);

        Assert.Equal(text, record.ToJson());
        Assert.Equal(["matthews", "accuracy"], record.Evaluations[3].Metrics.Keys);
        Assert.Equal(FakeRun.Evaluations()[3].Loss, record.Evaluations[3].Loss);
    }

    [Fact]
    public void What_json_cannot_hold_becomes_null()
    {
        var record = FakeRecord.Create(
            [], evaluations: [new TaskEvaluation(1, 0.5, new Dictionary<string, double?> { ["pearson"] = null }, double.PositiveInfinity)], stepMilliseconds: double.NaN);

        var evaluation = JsonNode.Parse(record.ToJson())!["evaluations"]![0]!;

        Assert.Null(evaluation["pearson"]);
        Assert.Null(evaluation["loss"]);
        var read = RunRecord.FromJson(record.ToJson());
        Assert.True(double.IsNaN(read.StepMsMedian));
        Assert.True(double.IsNaN(read.Evaluations[0].Loss));
        Assert.Null(read.Evaluations[0].Metrics["pearson"]);
    }

    [Fact]
    public void Text_that_is_no_record_is_refused() => Assert.ThrowsAny<JsonException>(() => RunRecord.FromJson("{}"));

    [Fact]
    public void Best_is_the_earliest_with_the_highest_primary_metric()
    {
        static TaskEvaluation At(int step, double? matthews, double accuracy) =>
            new(step, step, new Dictionary<string, double?> { ["matthews"] = matthews, ["accuracy"] = accuracy }, 0);

        Assert.Equal(2, TaskEvaluation.Best("matthews", [At(1, 0.1, 0.9), At(2, 0.3, 0.5), At(3, 0.3, 0.6), At(4, null, 1)])!.Step);
        Assert.Null(TaskEvaluation.Best("matthews", [At(1, null, 0.5)]));
        Assert.Null(TaskEvaluation.Best("matthews", []));
    }
}
