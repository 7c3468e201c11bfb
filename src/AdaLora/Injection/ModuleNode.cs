using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>A module under one of its names. A module registered several times has that many nodes.</summary>
internal sealed class ModuleNode(string name, nn.Module module, ModuleNode? parent)
{
    /// <summary>The name in messages for the model itself, whose own name is empty.</summary>
    public const string RootName = "(the model itself)";

    public string Name { get; } = name;

    public nn.Module Module { get; } = module;

    public ModuleNode? Parent { get; } = parent;

    /// <summary>The dotted name from the root; the root's own is empty.</summary>
    public string Path { get; } = parent is null || parent.Path.Length == 0 ? name : $"{parent.Path}.{name}";

    /// <summary>For messages, in which an empty name would look like a mistake.</summary>
    public string DisplayPath => Path.Length == 0 ? RootName : Path;

    /// <summary>The layer inside, if this module is an adapter.</summary>
    public nn.Module? BaseLayer { get; } = AdapterTable.BaseLayerOf(module);

    /// <summary>Whether the module is an adapter, or has one beside it.</summary>
    public bool CarriesAdapter { get; } = AdapterTable.BaseLayerOf(module) is not null || AdapterTable.IsCarrier(module);

    /// <summary>The parameters and buffers of the module and all modules below it, with their names from the root.</summary>
    public IEnumerable<(string Name, Tensor Value, bool IsBuffer)> State()
    {
        var prefix = Path.Length == 0 ? "" : Path + ".";
        return Module.named_parameters().Select(p => (prefix + p.name, (Tensor)p.parameter, false))
            .Concat(Module.named_buffers().Select(b => (prefix + b.name, b.buffer, true)));
    }

    /// <summary>The parameters and buffers of the module itself, with their names from the root.</summary>
    public IEnumerable<(string Name, Tensor Value, bool IsBuffer)> OwnTensors()
    {
        var prefix = Path.Length == 0 ? "" : Path + ".";
        return Module.named_parameters(recurse: false).Select(p => (prefix + p.name, (Tensor)p.parameter, false))
            .Concat(Module.named_buffers(recurse: false).Select(b => (prefix + b.name, b.buffer, true)));
    }

    /// <summary>
    /// A model and all modules below it, each before its children and siblings in registration order. Adapters are opaque: what is inside belongs to them.
    /// </summary>
    public static IReadOnlyList<ModuleNode> Walk(nn.Module root) => Walk(new ModuleNode("", root, null), open: false);

    /// <summary>The same, as if there were no adapters: each is replaced by its base layer.</summary>
    public static IReadOnlyList<ModuleNode> WalkOriginal(nn.Module root) => Walk(new ModuleNode("", root, null), open: true);

    private static List<ModuleNode> Walk(ModuleNode root, bool open)
    {
        var nodes = new List<ModuleNode>();
        Visit(root);
        return nodes;

        void Visit(ModuleNode node)
        {
            if (node.BaseLayer is { } layer)
            {
                if (!open)
                {
                    nodes.Add(node);
                    return;
                }

                node = new ModuleNode(node.Name, layer, node.Parent);
            }

            nodes.Add(node);
            foreach (var (name, child) in node.Module.named_children().ToArray())
                Visit(new ModuleNode(name, child, node));
        }
    }
}
