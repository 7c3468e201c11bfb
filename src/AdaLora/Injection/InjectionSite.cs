using AdaLora.Adapters;
using AdaLora.Targeting;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>A layer, or a weight that belongs to no layer, that gets an adapter, and the way in which it does.</summary>
internal sealed class InjectionSite
{
    private readonly ModuleNode _node;
    private readonly WeightPart? _part;

    internal InjectionSite(ModuleNode node, nn.Module model, IReadOnlyList<string> aliases, AdaptableLayer adaptable, IReadOnlyList<ModuleReference> references, AttachmentWay way)
    {
        _node = node;
        Model = model;
        Path = node.Path;
        Aliases = aliases;
        Adaptable = adaptable;
        References = references;
        Way = way;
    }

    /// <param name="node">The module that the weight belongs to.</param>
    /// <param name="model">The model.</param>
    /// <param name="part">The weight.</param>
    /// <param name="way">How it is materialised.</param>
    internal InjectionSite(ModuleNode node, nn.Module model, WeightPart part, AttachmentWay way)
        : this(node, model, [], part.AsLayer(), [], way) => (_part, Path) = (part, part.Path);

    /// <summary>The dotted name of the layer, the first of its names that the targets select, or of the weight.</summary>
    public string Path { get; }

    /// <summary>The layer's name in its parent, the last segment of the path.</summary>
    public string Name => _node.Name;

    /// <summary>The layer's other names if it is registered more than once. It gets one adapter, visible under all of them.</summary>
    public IReadOnlyList<string> Aliases { get; }

    /// <summary>The names by which options may refer to it: a weight goes by its parameter's and its module's, too.</summary>
    public IReadOnlyList<string> Names => _part is null ? [Path] : [.. ((string[])[Path, _part.Slot.FullName, _node.Path]).Distinct(StringComparer.Ordinal)];

    /// <summary>The module itself; the one that a weight belongs to.</summary>
    public nn.Module Owner => _node.Module;

    /// <summary>Whether it is a whole layer, which the model calls, rather than a weight of some module.</summary>
    public bool IsLayer => _part is null;

    /// <summary>The layer: the base layer of the future adapter.</summary>
    public nn.Module<Tensor, Tensor> Layer => Adaptable.Module;

    /// <summary>The module in which the layer is registered under <see cref="Path"/>.</summary>
    public nn.Module Parent => _node.Parent!.Module;

    /// <summary>The parent's dotted name; empty for the model itself.</summary>
    public string ParentPath => _node.Parent!.Path;

    /// <summary>Where the parent stores the layer; another module's storage if the parent only registers it, null if no field or list holds it.</summary>
    public StorageKind? Storage
    {
        get
        {
            var stored = References.Where(reference => reference.Storage is not null).ToArray();
            return (stored.FirstOrDefault(reference => ReferenceEquals(reference.Owner.Module, Parent)) ?? stored.FirstOrDefault())?.Storage;
        }
    }

    /// <summary>How the adapter is attached.</summary>
    public AttachmentWay Way { get; internal set; }

    /// <summary>Whether the adapter's product becomes part of the weight.</summary>
    public bool IsMaterialized => Way.Method == AttachmentMethod.Materialise;

    /// <summary>The layer as a linear map.</summary>
    public IProjection Projection => ((LinearLayer)Adaptable).Projection;

    /// <summary>The layer as one that can carry an adapter. <see cref="AdapterInjector.Find"/> finds linear layers only.</summary>
    internal AdaptableLayer Adaptable { get; }

    internal nn.Module Model { get; }

    internal IReadOnlyList<ModuleReference> References { get; }

    /// <summary>This weight's part of a tensor with the parameter's shape.</summary>
    internal Tensor PartOf(Tensor whole) => _part?.Of(whole) ?? whole;

    /// <summary>The path.</summary>
    /// <returns>The layer's dotted name.</returns>
    public override string ToString() => Path;
}
