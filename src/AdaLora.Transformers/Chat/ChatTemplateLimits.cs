namespace AdaLora.Transformers.Chat;

/// <summary>What a chat template may use up at most. It comes from a file that anybody may have written.</summary>
public sealed record ChatTemplateLimits
{
    /// <summary>Expressions and statements that are evaluated in one rendering, at least 1.</summary>
    public long Steps { get; init; } = 10_000_000;

    /// <summary>Characters of all texts that are made in one rendering, those on the way to the result included, at least 1.</summary>
    public long Characters { get; init; } = 100_000_000;

    /// <summary>Levels at which macros call each other, from 1 to 200.</summary>
    public int Depth { get; init; } = 50;

    /// <summary>Checks all limits.</summary>
    /// <exception cref="ArgumentException">A limit is out of range; the message lists all that are.</exception>
    public void Validate()
    {
        var problems = new AdaLora.Internals.Problems();
        problems.Require(Steps >= 1, $"{nameof(Steps)} is {Steps}; it must be at least 1");
        problems.Require(Characters >= 1, $"{nameof(Characters)} is {Characters}; it must be at least 1");
        problems.Require(Depth is >= 1 and <= 200, $"{nameof(Depth)} is {Depth}; it must lie between 1 and 200");
        problems.ThrowIfAny("The limits of the chat template are not valid");
    }
}
