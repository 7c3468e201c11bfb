namespace AdaLora.Training;

/// <summary>One evaluation during a training.</summary>
/// <param name="Step">Optimiser steps done when it took place.</param>
/// <param name="Epoch">Pass over the batches, counted from 1.</param>
/// <param name="Score">What the evaluation delegate returned.</param>
public sealed record Evaluation(long Step, int Epoch, double Score);
