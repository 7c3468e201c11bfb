using AdaLora.Targeting;

namespace AdaLora.Injection;

/// <summary>A layer that cannot carry an adapter, and why.</summary>
/// <param name="Path">The layer's dotted name; "(the model itself)" for the root.</param>
/// <param name="Reason">Why, as the rest of a sentence that starts with the layer.</param>
/// <param name="DeclaringType">The type that declares the place that stands in the way, or null when the layer itself does.</param>
/// <param name="Member">That place: a field's name or a slot, or null.</param>
/// <param name="MemberType">The type the place is declared to hold, or null.</param>
public sealed record RefusedSite(string Path, string Reason, Type? DeclaringType = null, string? Member = null, Type? MemberType = null)
{
    /// <summary>One line for messages.</summary>
    /// <returns>Path, declaring type, member and reason.</returns>
    public override string ToString() => DeclaringType is null
        ? $"{ReadableName.Of(Path)}: {Reason}"
        : $"{ReadableName.Of(Path)}: {TypeNames.Of(DeclaringType)}{(Member?[0] == '[' ? "" : ".")}{Member} is {Reason}";
}
