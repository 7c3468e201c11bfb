namespace AdaLora.Benchmarks;

/// <summary>A program that fine-tunes a classifier in its own process.</summary>
internal interface ITrainingProgram
{
    string Name { get; }

    /// <summary>A few steps, all in the budgeting phase with a mask at each, on texts padded to one length.</summary>
    /// <param name="work">What to train.</param>
    /// <param name="steps">How many steps; the first of them are not counted.</param>
    TrainingReport RunBlock(PeerWork work, int steps);

    /// <summary>A training run with everything around it, from the start of the process to the evaluation.</summary>
    /// <param name="work">What to train.</param>
    /// <param name="epochs">How long.</param>
    /// <param name="maxSteps">Steps at most; null for all.</param>
    TrainingReport Train(PeerWork work, int epochs, int? maxSteps = null);
}
