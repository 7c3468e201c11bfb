using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace AdaLora.Experiments.Reports;

/// <summary>Everything worth keeping of one run; its properties are the keys of metrics.json.</summary>
internal sealed class RunRecord
{
    public required string Task { get; init; }

    public required string Method { get; init; }

    public required RunStatus Status { get; init; }

    public required long Seed { get; init; }

    public required string Model { get; init; }

    /// <summary>All options in force, defaults included.</summary>
    public required JsonObject Options { get; init; }

    /// <summary>What was found in the training set and is needed to load the model again; null if nothing is.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonObject? Found { get; init; }

    /// <summary>The optimiser steps the run was planned for; a cancelled run did fewer.</summary>
    public required int TotalSteps { get; init; }

    public required IReadOnlyList<TaskEvaluation> Evaluations { get; init; }

    /// <summary>The metrics of the last evaluation; empty if there was none.</summary>
    public required IReadOnlyDictionary<string, double?> Final { get; init; }

    /// <summary>The metrics of the evaluation with the highest primary metric.</summary>
    public required IReadOnlyDictionary<string, double?> Best { get; init; }

    public required TrainableParameters TrainableParameters { get; init; }

    /// <summary>Module name to final rank; empty for methods without adapters.</summary>
    public required IReadOnlyDictionary<string, int> Ranks { get; init; }

    public required double WallSeconds { get; init; }

    public required double StepMsMedian { get; init; }

    public required double PeakRssMb { get; init; }

    /// <summary>What the run was computed on, such as cpu or cuda:0 (NVIDIA H200).</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>The most memory of the card that was seen in use, by whoever used it; null on a CPU.</summary>
    public double? PeakDeviceMb { get; init; }

    /// <summary>Optimiser steps skipped because a gradient was not finite.</summary>
    public long SkippedSteps { get; init; }

    /// <summary>What losses were multiplied by at the end; null if they were not scaled.</summary>
    public double? LossScale { get; init; }

    /// <summary>How many processes shared the run; times are those of the first, and its memory is.</summary>
    public int Processes { get; init; } = 1;

    public string ToJson() => JsonSerializer.Serialize(this, ReportJson.Options) + "\n";

    /// <exception cref="JsonException">The text is not the record of a run.</exception>
    public static RunRecord FromJson(string text) => JsonSerializer.Deserialize<RunRecord>(text, ReportJson.Options) ?? throw new JsonException("The record is null.");
}
