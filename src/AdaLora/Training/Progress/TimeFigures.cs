namespace AdaLora.Training.Progress;

/// <summary>The pace of a training. Properties as in <see cref="TrainingProgress"/>.</summary>
internal readonly struct TimeFigures
{
    public required double SamplesPerSecond { get; init; }

    public required double TokensPerSecond { get; init; }

    public required TimeSpan Elapsed { get; init; }

    public required TimeSpan Remaining { get; init; }
}
