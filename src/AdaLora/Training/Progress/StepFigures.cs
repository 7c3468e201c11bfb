namespace AdaLora.Training.Progress;

/// <summary>What is trained, at its latest step. Properties as in <see cref="TrainingProgress"/>.</summary>
internal readonly struct StepFigures
{
    public required double GradientNorm { get; init; }

    public double? Penalty { get; init; }

    public int? Budget { get; init; }

    public int? LiveTriplets { get; init; }
}
