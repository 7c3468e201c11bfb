namespace AdaLora.Targeting;

/// <summary>Whether a selection contains a name, and if not, why.</summary>
/// <param name="Match">How it was selected.</param>
/// <param name="Reason">Why it was not, as the rest of a sentence that starts with the module; null if it was.</param>
internal readonly record struct NameVerdict(NameMatch Match, string? Reason)
{
    public static implicit operator NameVerdict(NameMatch match) => new(match, null);

    public static NameVerdict No(string reason) => new(NameMatch.None, reason);
}
