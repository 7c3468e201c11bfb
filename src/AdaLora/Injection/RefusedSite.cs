using AdaLora.Targeting;

namespace AdaLora.Injection;

/// <summary>A layer that cannot carry an adapter, and why.</summary>
public sealed class RefusedSite
{
    internal RefusedSite(string path, string reason, Type? declaringType = null, string? member = null, Type? memberType = null) =>
        (Path, Reason, DeclaringType, Member, MemberType) = (path, reason, declaringType, member, memberType);

    /// <summary>The layer's dotted name; "(the model itself)" for the root.</summary>
    public string Path { get; }

    /// <summary>Why, as the rest of a sentence that starts with the layer.</summary>
    public string Reason { get; }

    /// <summary>The type that declares the obstructing place, or null if the obstacle is the layer itself.</summary>
    public Type? DeclaringType { get; }

    /// <summary>The obstructing place: a field's name or a slot, or null.</summary>
    public string? Member { get; }

    /// <summary>The declared type of that place, or null.</summary>
    public Type? MemberType { get; }

    /// <summary>One line for messages.</summary>
    /// <returns>Path, declaring type, member and reason.</returns>
    public override string ToString() => $"{ReadableName.Of(Path)}: {Obstruction}";

    /// <summary>What stands in the way: declaring type, member and reason.</summary>
    internal string Obstruction => DeclaringType is null ? Reason : $"{TypeNames.Of(DeclaringType)}{(Member?[0] == '[' ? "" : ".")}{Member} is {Reason}";
}
