namespace AdaLora;

/// <summary>A linear layer, or another module containing matrices, that would get no adapter.</summary>
public sealed class UnadaptedModule
{
    internal UnadaptedModule(string name, string kind, string size, string reason, bool isRefused)
    {
        Name = name;
        Kind = kind;
        Size = size;
        Reason = reason;
        IsRefused = isRefused;
    }

    /// <summary>Dotted name of the module in the model; "(the model itself)" for the root.</summary>
    public string Name { get; }

    /// <summary>The module's type, such as <c>Linear</c>.</summary>
    public string Kind { get; }

    /// <summary>Output and input features of a linear layer, such as <c>64 x 16</c>; empty for others.</summary>
    public string Size { get; }

    /// <summary>Why not, in words.</summary>
    public string Reason { get; }

    /// <summary>Whether the targets ask for it, which would make attaching fail.</summary>
    public bool IsRefused { get; }
}
