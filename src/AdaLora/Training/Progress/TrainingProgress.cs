namespace AdaLora.Training.Progress;

/// <summary>The current state of a training.</summary>
public sealed class TrainingProgress
{
    /// <summary>Optimiser steps done.</summary>
    public required long Step { get; init; }

    /// <summary>Optimiser steps of the whole training.</summary>
    public required long TotalSteps { get; init; }

    /// <summary>Epochs begun, counted from 1.</summary>
    public required int Epoch { get; init; }

    /// <summary>Mean task loss since the previous report, excluding the penalty.</summary>
    public required double Loss { get; init; }

    /// <summary>Joint 2-norm of all gradients of the latest step, before clipping.</summary>
    public double GradientNorm { get; init; }

    /// <summary>Orthogonality penalty of the latest step, before weighting; null without adapters.</summary>
    public double? Penalty { get; init; }

    /// <summary>What the schedule allows now, in triplets, or in parameters if the budget counts those; null without adapters.</summary>
    public int? Budget { get; init; }

    /// <summary>Triplets the latest mask kept; null without adapters.</summary>
    public int? LiveTriplets { get; init; }

    /// <summary>Learning rate of the latest step.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Optimiser steps skipped so far because a gradient was not finite.</summary>
    public long SkippedSteps { get; init; }

    /// <summary>What the losses of the next step are multiplied by; null if losses are not scaled.</summary>
    public double? LossScale { get; init; }

    /// <summary>Samples per second since the previous report; 0 if the trainer was not told the batch sizes.</summary>
    public double SamplesPerSecond { get; init; }

    /// <summary>Tokens per second since the previous report; 0 if the trainer was not told the batch sizes.</summary>
    public double TokensPerSecond { get; init; }

    /// <summary>Time since the start, including evaluations.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>Estimated time remaining, at the mean pace so far.</summary>
    public TimeSpan Remaining { get; init; }

    /// <summary>The latest evaluation, if any.</summary>
    public Evaluation? LatestEvaluation { get; private set; }

    /// <summary>The same report with another evaluation.</summary>
    internal TrainingProgress With(Evaluation? evaluation)
    {
        var copy = (TrainingProgress)MemberwiseClone();
        copy.LatestEvaluation = evaluation;
        return copy;
    }
}
