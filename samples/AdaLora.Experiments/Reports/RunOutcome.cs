using System.Text.Json.Nodes;

namespace AdaLora.Experiments.Reports;

/// <summary>The result of training, finished or cancelled.</summary>
internal sealed class RunOutcome
{
    public required RunStatus Status { get; init; }

    /// <summary>The optimiser steps the run was planned for.</summary>
    public required int TotalSteps { get; init; }

    /// <summary>Whether the steps were counted in the data, so that defaults followed from them.</summary>
    public bool AreStepsCounted { get; init; }

    public required IReadOnlyList<TaskEvaluation> Evaluations { get; init; }

    /// <summary>The status after each step, those before an interruption included.</summary>
    public required IReadOnlyList<TrainingStatus> History { get; init; }

    public required TrainableParameters TrainableParameters { get; init; }

    /// <summary>All adapted matrices, layer by layer; empty for methods without adapters.</summary>
    public required IReadOnlyList<ModuleRank> Ranks { get; init; }

    /// <summary>How long each optimiser step took, forward and backward pass included.</summary>
    public required IReadOnlyList<double> StepMilliseconds { get; init; }

    /// <summary>Training and evaluation together, without loading.</summary>
    public required double WallSeconds { get; init; }

    /// <summary>What the run was computed on, such as cpu or cuda:0 (NVIDIA H200).</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>The most memory of the card that was seen in use, in megabytes of 2^20 bytes; null on a CPU.</summary>
    public double? PeakDeviceMegabytes { get; init; }

    /// <summary>Optimiser steps skipped because a gradient was not finite.</summary>
    public long SkippedSteps { get; init; }

    /// <summary>What losses were multiplied by at the end; null if they were not scaled.</summary>
    public double? LossScale { get; init; }

    /// <summary>What was found in the training set and is needed to load the model again; null if nothing is.</summary>
    public JsonObject? Found { get; init; }

    /// <summary>How many processes shared the run.</summary>
    public int Processes { get; init; } = 1;

    /// <summary>Of the time, what the first process spent waiting for the others and exchanging data with them; null if there were none.</summary>
    public ExchangeSeconds? Exchange { get; init; }

    /// <summary>Files that training itself wrote, such as the adapter.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];
}
