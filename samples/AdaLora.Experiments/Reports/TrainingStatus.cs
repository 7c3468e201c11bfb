namespace AdaLora.Experiments.Reports;

/// <summary>Where training stands after an optimiser step.</summary>
internal sealed class TrainingStatus
{
    /// <summary>Optimiser steps done, from 1.</summary>
    public required int Step { get; init; }

    public required int TotalSteps { get; init; }

    /// <summary>The loss of the step's batches without the penalty.</summary>
    public required double Loss { get; init; }

    public required double LearningRate { get; init; }

    /// <summary>The orthogonality penalty, weighted; null for methods without one.</summary>
    public double? Penalty { get; init; }

    /// <summary>The number of triplets the schedule allows; null for methods without one.</summary>
    public int? Budget { get; init; }

    /// <summary>The number of triplets in use; null for methods without adapters.</summary>
    public int? LiveRank { get; init; }

    /// <summary>The state of every adapted matrix, layer by layer; null at most steps, as reading it costs time, and for methods without adapters.</summary>
    public IReadOnlyList<ModuleAllocation>? Allocation { get; init; }

    /// <summary>The memory of the card in use, in megabytes of 2^20 bytes; null on a CPU.</summary>
    public double? DeviceMegabytes { get; init; }

    /// <summary>Steps skipped so far because a gradient was not finite.</summary>
    public long SkippedSteps { get; init; }

    /// <summary>What losses are multiplied by; null if they are not scaled.</summary>
    public double? LossScale { get; init; }

    public double SamplesPerSecond { get; init; }

    public TimeSpan Remaining { get; init; }
}
