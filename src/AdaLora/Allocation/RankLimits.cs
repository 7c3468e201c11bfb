namespace AdaLora.Allocation;

/// <summary>How many triplets a matrix keeps at every mask.</summary>
/// <param name="Minimum">At least so many, or all if it holds fewer; null for none.</param>
/// <param name="Maximum">At most so many; null for any number.</param>
internal readonly record struct RankLimits(int? Minimum, int? Maximum)
{
    public bool AreSet => Minimum > 0 || Maximum is not null;

    /// <summary>The limits as the end of a sentence, after a comma; empty if there are none.</summary>
    public string Suffix => (Minimum is > 0 and var least ? $", at least {least}" : "") + (Maximum is { } most ? $", at most {most}" : "");
}
