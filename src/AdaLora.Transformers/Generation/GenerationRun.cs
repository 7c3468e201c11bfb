using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Heads;

namespace AdaLora.Transformers.Generation;

/// <summary>What one generation starts with; everything was checked.</summary>
/// <param name="Model">The model.</param>
/// <param name="Options">The options.</param>
/// <param name="Prompts">Token ids of each prompt.</param>
/// <param name="MaxNew">The greatest number of new tokens.</param>
/// <param name="Stops">Finds stop texts.</param>
/// <param name="Cancellation">Ends the run.</param>
internal sealed record GenerationRun(
    CausalLM Model, GenerationOptions Options, IReadOnlyList<IReadOnlyList<int>> Prompts, int MaxNew, StopTexts Stops, CancellationToken Cancellation)
{
    /// <summary>The rules for scores.</summary>
    public ScoreRules Rules { get; } = new(Options, MaxNew);

    /// <summary>Random numbers.</summary>
    public Draws Draws { get; } = new(Options.Seed);

    public DecodingBatch NewBatch() => new(Model, MaxNew, Prompts.Max(prompt => prompt.Count));

    /// <summary>Why a text ends with its last token, or null.</summary>
    /// <param name="text">The tokens, prompt included.</param>
    /// <param name="count">How many of them are new.</param>
    public Ending? EndingOf(IReadOnlyList<int> text, int count) =>
        Options.EndIds.Contains(text[^1]) ? Ending.EndToken
        : Stops.AreIn(text, count) ? Ending.StopText
        : count >= MaxNew ? Ending.MaxLength
        : null;
}
