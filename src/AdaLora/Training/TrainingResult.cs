using AdaLora.Training.Progress;

namespace AdaLora.Training;

/// <summary>What a training did.</summary>
public sealed class TrainingResult
{
    /// <summary>Why it ended.</summary>
    public required StopReason StopReason { get; init; }

    /// <summary>Optimiser steps done, skipped ones included.</summary>
    public required long Steps { get; init; }

    /// <summary>Optimiser steps that were planned.</summary>
    public required long TotalSteps { get; init; }

    /// <summary>Optimiser steps skipped because a gradient was not finite.</summary>
    public required long SkippedSteps { get; init; }

    /// <summary>All evaluations, in order.</summary>
    public required IReadOnlyList<Evaluation> Evaluations { get; init; }

    /// <summary>The evaluation with the best score, the earliest of equals, among those that count (<see cref="TrainerOptions.BestBeforeFinal"/>); null when there was none with a number.</summary>
    public required Evaluation? Best { get; init; }

    /// <summary>All progress reports, in order.</summary>
    public required IReadOnlyList<TrainingProgress> History { get; init; }

    /// <summary>Duration of each optimiser step: forward, backward, optimiser and allocator, without loading batches or evaluating.</summary>
    public required IReadOnlyList<double> StepMilliseconds { get; init; }

    /// <summary>Median of <see cref="StepMilliseconds"/>; 0 when no step was done.</summary>
    public double MedianStepMilliseconds
    {
        get
        {
            var sorted = StepMilliseconds.Order().ToList();
            return sorted.Count == 0 ? 0 : (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
        }
    }

    /// <summary>Time from the first batch to the end, evaluations included.</summary>
    public required TimeSpan Elapsed { get; init; }
}
