using AdaLora.Experiments.Programs;

namespace AdaLora.Summarization.Pretraining;

/// <summary>How a small BART is pre-trained.</summary>
internal sealed record PretrainingSettings
{
    public required string Output { get; init; }

    /// <summary>The folder of the tokenizer's files.</summary>
    public required string Tokenizer { get; init; }

    public int HiddenSize { get; init; } = 256;

    /// <summary>Layers of each stack.</summary>
    public int Layers { get; init; } = 3;

    /// <summary>Tokens of a piece of text, and positions of the model.</summary>
    public int Length { get; init; } = 256;

    public int Steps { get; init; } = 3000;

    public int BatchSize { get; init; } = 16;

    public double LearningRate { get; init; } = 1e-3;

    public int Seed { get; init; } = 1;

    /// <exception cref="UserInputException">A value is out of its range; all are listed.</exception>
    public PretrainingSettings Validated()
    {
        var problems = new List<string>();
        (string Name, int Value, int Least)[] numbers =
            [("--hidden-size", HiddenSize, 8), ("--layers", Layers, 1), ("--length", Length, 16), ("--steps", Steps, 1), ("--batch-size", BatchSize, 1)];
        foreach (var (name, value, least) in numbers)
        {
            if (value < least)
                problems.Add($"{name} is {value}; it must be at least {least}");
        }

        if (HiddenSize % BartPretraining.HeadSize(HiddenSize) != 0)
            problems.Add($"--hidden-size is {HiddenSize}; it must be a multiple of {BartPretraining.HeadSize(HiddenSize)}");
        if (!(double.IsFinite(LearningRate) && LearningRate > 0))
            problems.Add($"--lr is {LearningRate}; it must be positive");
        if (!Directory.Exists(Tokenizer))
            problems.Add($"--tokenizer: the folder '{Tokenizer}' does not exist");
        return problems.Count == 0 ? this : throw new UserInputException($"{string.Join("; ", problems)}.");
    }
}
