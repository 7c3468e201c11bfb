using AdaLora.Training.Progress;

namespace AdaLora.Training;

/// <summary>The outcome of a training.</summary>
public sealed class TrainingResult
{
    /// <summary>Why training ended.</summary>
    public required StopReason StopReason { get; init; }

    /// <summary>Optimiser steps done, including skipped ones.</summary>
    public required long Steps { get; init; }

    /// <summary>Optimiser steps planned.</summary>
    public required long TotalSteps { get; init; }

    /// <summary>Optimiser steps skipped because a gradient was not finite.</summary>
    public required long SkippedSteps { get; init; }

    /// <summary>What the losses of a further step would be multiplied by; null if losses were not scaled.</summary>
    public double? LossScale { get; init; }

    /// <summary>All evaluations, in order.</summary>
    public required IReadOnlyList<Evaluation> Evaluations { get; init; }

    /// <summary>The evaluation with the best score (the earliest if tied) among those that count (<see cref="TrainerOptions.BestBeforeFinal"/>); null if none had a number.</summary>
    public required Evaluation? Best { get; init; }

    /// <summary>All progress reports, in order.</summary>
    public required IReadOnlyList<TrainingProgress> History { get; init; }

    /// <summary>Duration of each optimiser step: forward, backward, optimiser and allocator, excluding loading batches and evaluating.</summary>
    public required IReadOnlyList<double> StepMilliseconds { get; init; }

    /// <summary>Median of <see cref="StepMilliseconds"/>; 0 if no step was done.</summary>
    public double MedianStepMilliseconds
    {
        get
        {
            var sorted = StepMilliseconds.Order().ToList();
            return sorted.Count == 0 ? 0 : (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
        }
    }

    /// <summary>Of <see cref="Elapsed"/>, what this process spent waiting for others of its <see cref="TrainerOptions.Group"/>, as far as the group measures it.</summary>
    public TimeSpan Waited { get; init; }

    /// <summary>Of <see cref="Elapsed"/>, what this process spent exchanging data with others of its <see cref="TrainerOptions.Group"/>, as far as the group measures it.</summary>
    public TimeSpan Transferred { get; init; }

    /// <summary>Time from the first batch to the end, including evaluations.</summary>
    public required TimeSpan Elapsed { get; init; }
}
