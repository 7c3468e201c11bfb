using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>One of the places that refer to a module and that must change together when it is replaced.</summary>
internal abstract class ModuleReference(ModuleNode owner)
{
    /// <summary>The module in which the place is.</summary>
    public ModuleNode Owner { get; } = owner;

    /// <summary>What kind of storage the forward pass reads here; null for the registry, which it does not read.</summary>
    public abstract StorageKind? Storage { get; }

    /// <summary>The type that declares the place.</summary>
    public abstract Type DeclaringType { get; }

    /// <summary>The place within that type: a field's name, with an index where there is one.</summary>
    public abstract string Member { get; }

    /// <summary>What the place is declared to hold.</summary>
    public abstract Type HeldType { get; }

    /// <summary>Why nothing else can be put here, or null.</summary>
    public virtual string? Obstacle => HeldType.IsAssignableFrom(typeof(nn.Module<Tensor, Tensor>))
        ? null
        : $"declared as {TypeNames.Of(HeldType)}, which cannot hold an adapter";

    /// <summary>The module found here now.</summary>
    public abstract nn.Module? Read();

    /// <summary>Puts a module here.</summary>
    public abstract void Write(nn.Module module);

    /// <summary>Leaves nothing here.</summary>
    public abstract void Clear();
}
