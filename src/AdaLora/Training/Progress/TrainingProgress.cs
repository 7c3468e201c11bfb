namespace AdaLora.Training.Progress;

/// <summary>Where a training stands.</summary>
public sealed record TrainingProgress
{
    /// <summary>Optimiser steps done.</summary>
    public required long Step { get; init; }

    /// <summary>Optimiser steps of the whole training.</summary>
    public required long TotalSteps { get; init; }

    /// <summary>Passes over the batches begun, counted from 1.</summary>
    public required int Epoch { get; init; }

    /// <summary>Mean task loss since the previous report, without the penalty.</summary>
    public required double Loss { get; init; }

    /// <summary>Joint 2-norm of all gradients of the latest step, before clipping.</summary>
    public double GradientNorm { get; init; }

    /// <summary>Orthogonality penalty of the latest step, before it is weighted; null without adapters.</summary>
    public double? Penalty { get; init; }

    /// <summary>Triplets that the schedule allows now; null without adapters.</summary>
    public int? Budget { get; init; }

    /// <summary>Triplets that the latest mask kept; null without adapters.</summary>
    public int? LiveTriplets { get; init; }

    /// <summary>Learning rate of the latest step.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Optimiser steps skipped so far because a gradient was not finite.</summary>
    public long SkippedSteps { get; init; }

    /// <summary>Samples per second since the previous report; 0 when the trainer was not told how large batches are.</summary>
    public double SamplesPerSecond { get; init; }

    /// <summary>Tokens per second since the previous report; 0 when the trainer was not told how large batches are.</summary>
    public double TokensPerSecond { get; init; }

    /// <summary>Time since the start, evaluations included.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>Estimated time to the end, at the mean pace so far.</summary>
    public TimeSpan Remaining { get; init; }

    /// <summary>The latest evaluation, if there was one.</summary>
    public Evaluation? LatestEvaluation { get; init; }
}
