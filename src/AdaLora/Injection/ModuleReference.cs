using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>One of the places that refer to a module; all must change together when it is replaced.</summary>
internal abstract class ModuleReference(ModuleNode owner)
{
    /// <summary>The module that contains the place.</summary>
    public ModuleNode Owner { get; } = owner;

    /// <summary>The kind of storage the forward pass reads here; null for the registry, which it does not read.</summary>
    public abstract StorageKind? Storage { get; }

    /// <summary>The type that declares the place.</summary>
    public abstract Type DeclaringType { get; }

    /// <summary>The place within that type: a field's name, with an index where there is one.</summary>
    public abstract string Member { get; }

    /// <summary>The declared type of the place.</summary>
    public abstract Type HeldType { get; }

    /// <summary>Why nothing else can be put here, or null if it can.</summary>
    public virtual string? Obstacle => HeldType.IsAssignableFrom(typeof(nn.Module<Tensor, Tensor>))
        ? null
        : $"declared as {TypeNames.Of(HeldType)}, which cannot hold an adapter";

    /// <summary>Whether the model calls the module from here in a way that runs no hooks.</summary>
    public virtual bool BypassesHooks => false;

    /// <summary>The module currently here.</summary>
    public abstract nn.Module? Read();

    /// <summary>Puts a module here.</summary>
    public abstract void Write(nn.Module module);

    /// <summary>Leaves the place empty.</summary>
    public abstract void Clear();
}
