namespace AdaLora.Experiments.Tasks;

/// <summary>
/// How the authors of AdaLoRA fine-tuned DeBERTaV3-base on a task: the scripts of their published code, which produced the results of the paper's table 1. Phases are optimiser steps of
/// a training with all <paramref name="Rows"/> in batches of <paramref name="BatchSize"/>.
/// </summary>
/// <param name="LearningRate">The highest learning rate.</param>
/// <param name="Epochs">Passes over the training set.</param>
/// <param name="Gamma">The weight of the orthogonality penalty.</param>
/// <param name="InitialSteps">Steps before pruning.</param>
/// <param name="MaskInterval">Steps between two masks.</param>
/// <param name="FinalSteps">Steps after pruning.</param>
/// <param name="Rows">Rows of the training set.</param>
/// <param name="BatchSize">Examples per step.</param>
internal sealed record PaperSettings(double LearningRate, int Epochs, double Gamma, int InitialSteps, int MaskInterval, int FinalSteps, int Rows, int BatchSize = 32)
{
    /// <summary>For tasks that the authors omitted.</summary>
    public static PaperSettings Usual { get; } = new(1e-3, 5, 0.1, 100, 10, 500, 32_000);

    /// <summary>tinit as a fraction of the run.</summary>
    public double InitialFraction => Round(InitialSteps);

    /// <summary>tfinal as a fraction of the run.</summary>
    public double FinalFraction => Round(FinalSteps);

    private int TotalSteps => (Rows + BatchSize - 1) / BatchSize * Epochs;

    /// <summary>deltaT of a run that is shorter or longer: as many masks as theirs, but at least a step apart, and never further apart than theirs.</summary>
    public int MaskIntervalFor(long totalSteps) => (int)Math.Clamp(Math.Round(MaskInterval * (double)totalSteps / TotalSteps), 1, MaskInterval);

    private double Round(int steps) => Math.Round((double)steps / TotalSteps, 4);
}
