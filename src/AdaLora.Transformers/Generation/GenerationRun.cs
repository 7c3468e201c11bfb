using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Generation;

/// <summary>What one generation starts with; everything was checked.</summary>
/// <param name="Open">Begins the batch.</param>
/// <param name="Options">The options.</param>
/// <param name="Prompts">The tokens that the new ones of each text follow.</param>
/// <param name="MaxNew">The greatest number of new tokens.</param>
/// <param name="Stops">Finds stop texts.</param>
/// <param name="Cancellation">Ends the run.</param>
internal sealed record GenerationRun(
    Func<NextTokens> Open, GenerationOptions Options, IReadOnlyList<IReadOnlyList<int>> Prompts, int MaxNew, StopTexts Stops, CancellationToken Cancellation)
{
    /// <summary>The rules for scores.</summary>
    public ScoreRules Rules { get; } = new(Options, MaxNew);

    /// <summary>Random numbers.</summary>
    public Draws Draws { get; } = new(Options.Seed);

    public DecodingBatch NewBatch() => new(Open(), MaxNew, Prompts.Max(prompt => prompt.Count));

    /// <summary>Why a text ends with its last token, or null.</summary>
    /// <param name="text">The tokens, prompt included.</param>
    /// <param name="count">How many of them are new.</param>
    public Ending? EndingOf(IReadOnlyList<int> text, int count) =>
        Options.EndIds.Contains(text[^1]) ? Ending.EndToken
        : Stops.AreIn(text, count) ? Ending.StopText
        : count >= MaxNew ? Ending.MaxLength
        : null;
}
