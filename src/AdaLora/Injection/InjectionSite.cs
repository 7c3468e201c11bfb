using AdaLora.Adapters;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>A layer that can be replaced with an adapter, and every place that refers to it.</summary>
internal sealed class InjectionSite
{
    private readonly ModuleNode _node;

    internal InjectionSite(ModuleNode node, nn.Module model, IReadOnlyList<string> aliases, AdaptableLayer adaptable, IReadOnlyList<ModuleReference> references)
    {
        _node = node;
        Model = model;
        Aliases = aliases;
        Adaptable = adaptable;
        References = references;
        var stored = references.Where(reference => reference.Storage is not null).ToArray();
        Storage = (stored.FirstOrDefault(reference => ReferenceEquals(reference.Owner.Module, Parent)) ?? stored[0]).Storage!.Value;
    }

    /// <summary>The layer's dotted name: the first of its names that the targets select.</summary>
    public string Path => _node.Path;

    /// <summary>The layer's name in its parent, the last segment of the path.</summary>
    public string Name => _node.Name;

    /// <summary>The layer's other names if it is registered more than once. It gets one adapter, visible under all of them.</summary>
    public IReadOnlyList<string> Aliases { get; }

    /// <summary>The layer: the base layer of the future adapter.</summary>
    public nn.Module<Tensor, Tensor> Layer => (nn.Module<Tensor, Tensor>)_node.Module;

    /// <summary>The module in which the layer is registered under <see cref="Path"/>.</summary>
    public nn.Module Parent => _node.Parent!.Module;

    /// <summary>The parent's dotted name; empty for the model itself.</summary>
    public string ParentPath => _node.Parent!.Path;

    /// <summary>Where the parent stores the layer; another module's storage if the parent only registers it.</summary>
    public StorageKind Storage { get; }

    /// <summary>The layer as a linear map.</summary>
    public IProjection Projection => ((LinearLayer)Adaptable).Projection;

    /// <summary>The layer as one that can carry an adapter. <see cref="AdapterInjector.Find"/> finds linear layers only.</summary>
    internal AdaptableLayer Adaptable { get; }

    internal nn.Module Model { get; }

    internal IReadOnlyList<ModuleReference> References { get; }

    /// <summary>The path.</summary>
    /// <returns>The layer's dotted name.</returns>
    public override string ToString() => Path;
}
