namespace AdaLora.Benchmarks;

/// <summary>Settings of whole trainings that are the same in every program and every comparison; ranks, alpha, warm-up, weight decay and clipping are the defaults of both.</summary>
internal static class PeerSettings
{
    public const double LearningRate = 1e-3;
    public const double OrthogonalityWeight = 0.1;
    public const double InitialFraction = 0.1;
    public const double FinalFraction = 0.5;
    public const int MaskInterval = 10;
}
