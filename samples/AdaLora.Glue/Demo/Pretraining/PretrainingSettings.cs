using AdaLora.Experiments.Programs;

namespace AdaLora.Glue.Demo.Pretraining;

/// <summary>How the demo's encoder is pre-trained.</summary>
internal sealed record PretrainingSettings(string Output, int Steps, int BatchSize, double LearningRate, int Seed)
{
    /// <exception cref="UserInputException">A value is out of its range; all are listed.</exception>
    public PretrainingSettings Validated()
    {
        var problems = new List<string>();
        if (Steps < 1)
            problems.Add($"--steps is {Steps}; it must be at least 1");
        if (BatchSize < 1)
            problems.Add($"--batch-size is {BatchSize}; it must be at least 1");
        if (!(double.IsFinite(LearningRate) && LearningRate > 0))
            problems.Add($"--lr is {LearningRate}; it must be positive");
        return problems.Count == 0 ? this : throw new UserInputException($"{string.Join("; ", problems)}.");
    }
}
