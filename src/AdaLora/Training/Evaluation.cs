namespace AdaLora.Training;

/// <summary>One evaluation during a training.</summary>
public sealed class Evaluation
{
    internal Evaluation(long step, int epoch, double score) =>
        (Step, Epoch, Score) = (step, epoch, score);

    /// <summary>Optimiser steps done when it took place.</summary>
    public long Step { get; }

    /// <summary>Pass over the batches, counted from 1.</summary>
    public int Epoch { get; }

    /// <summary>What the evaluation delegate returned.</summary>
    public double Score { get; }
}
