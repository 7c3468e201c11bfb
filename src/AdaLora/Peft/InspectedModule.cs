namespace AdaLora.Peft;

/// <summary>A module that is stored as a whole, or in part when only its bias was trained.</summary>
/// <param name="Name">Dotted name in the original model.</param>
/// <param name="Parameters">Numbers stored for it, buffers included.</param>
public sealed record InspectedModule(string Name, long Parameters);
