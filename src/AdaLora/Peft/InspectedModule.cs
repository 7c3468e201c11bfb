namespace AdaLora.Peft;

/// <summary>A module that is stored as a whole, or in part if only its bias was trained.</summary>
public sealed class InspectedModule
{
    internal InspectedModule(string name, long parameters) =>
        (Name, Parameters) = (name, parameters);

    /// <summary>Dotted name in the original model.</summary>
    public string Name { get; }

    /// <summary>Numbers stored for it, including buffers.</summary>
    public long Parameters { get; }
}
