namespace AdaLora.Training;

/// <summary>One evaluation during a training.</summary>
public sealed class Evaluation
{
    internal Evaluation(long step, int epoch, double score) =>
        (Step, Epoch, Score) = (step, epoch, score);

    /// <summary>Optimiser steps completed when it took place.</summary>
    public long Step { get; }

    /// <summary>Epoch, counted from 1.</summary>
    public int Epoch { get; }

    /// <summary>The score returned by the evaluation delegate.</summary>
    public double Score { get; }
}
