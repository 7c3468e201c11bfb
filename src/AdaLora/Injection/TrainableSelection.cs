using AdaLora.Internals.Cpu;
using AdaLora.Targeting;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>
/// Decides which parameters of the base model are trained alongside the adapters, freezes the others, and remembers the previous state. It may be created before or after
/// the adapters are injected; names are those of the original model either way, and the adapters' own parameters are not touched.
/// </summary>
internal sealed class TrainableSelection
{
    private readonly nn.Module _model;
    private readonly IReadOnlyList<ParameterSlot> _all;
    private readonly HashSet<ParameterSlot> _trainable;
    private IReadOnlyList<bool>? _original;

    private TrainableSelection(nn.Module model, IReadOnlyList<ParameterSlot> all, IEnumerable<ParameterSlot> trainable, IReadOnlyList<string> fullyTrainedModules)
    {
        _model = model;
        _all = all;
        _trainable = [.. trainable];
        FullyTrainedModules = fullyTrainedModules;
    }

    /// <summary>The names of the modules trained in full, without those nested in others of them.</summary>
    public IReadOnlyList<string> FullyTrainedModules { get; }

    /// <summary>
    /// The base parameters that stay trainable, with their names in the original model, each once, in model order. Looked up anew each time, because
    /// moving a model replaces its parameter objects.
    /// </summary>
    public IReadOnlyList<(string Name, Parameter Parameter)> Parameters =>
        [.. _all.Where(_trainable.Contains).Select(slot => (slot.FullName, slot.Parameter))];

    /// <summary>Makes the selection. Nothing is changed until <see cref="Freeze"/>.</summary>
    /// <param name="model">The model.</param>
    /// <param name="sites">The layers that carry adapters or will.</param>
    /// <param name="fullyTrained">Modules to train in full, such as a new classifier: full names, suffixes or globs.</param>
    /// <param name="biases">Which biases to train.</param>
    /// <returns>The selection.</returns>
    /// <exception cref="ArgumentException">A pattern is invalid, matches no parameters, or covers a layer that carries an adapter.</exception>
    public static TrainableSelection Select(nn.Module model, IReadOnlyList<InjectionSite> sites, IEnumerable<string> fullyTrained, BiasTraining biases)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(sites);
        ArgumentNullException.ThrowIfNull(fullyTrained);
        return SelectMatching(model, sites, fullyTrained.Select(NamePattern.Parse), biases);
    }

    internal static TrainableSelection SelectMatching(nn.Module model, IReadOnlyList<InjectionSite> sites, IEnumerable<NamePattern> fullyTrained, BiasTraining biases)
    {
        var nodes = ModuleNode.WalkOriginal(model);
        var all = ParameterSlot.In(nodes).ToArray();
        var modules = new List<ModuleNode>();
        var handles = new HashSet<IntPtr>();
        foreach (var pattern in fullyTrained)
        {
            var matched = nodes.Where(node => pattern.Matches(node.Path)).ToArray();
            var covered = matched.SelectMany(node => ModuleNode.WalkOriginal(node.Module)).SelectMany(node => node.Module.named_parameters(recurse: false)).Select(pair => pair.parameter).ToArray();
            RequireParameters(pattern, matched, covered, nodes);
            RequireNoAdapter(pattern, covered, sites);
            modules.AddRange(matched);
            handles.UnionWith(covered.Select(parameter => parameter.Handle));
        }

        handles.UnionWith(biases switch
        {
            BiasTraining.None => [],
            BiasTraining.Adapted => sites.Select(site => site.Adaptable.Bias).OfType<Tensor>().Select(bias => bias.Handle),
            BiasTraining.All => all.Where(slot => slot.Name.Contains("bias", StringComparison.OrdinalIgnoreCase)).Select(slot => slot.Parameter.Handle),
            _ => throw new ArgumentOutOfRangeException(nameof(biases), biases, "Unknown choice of biases."),
        });
        return new(model, all, all.Where(slot => handles.Contains(slot.Parameter.Handle) && slot.Parameter.is_floating_point()), Outermost(modules));
    }

    /// <summary>Makes exactly the selected base parameters require gradients.</summary>
    public void Freeze()
    {
        _original ??= [.. _all.Select(slot => slot.Parameter.requires_grad)];
        foreach (var slot in _all)
            slot.Parameter.requires_grad = _trainable.Contains(slot);
    }

    /// <summary>Parameters and buffers of the modules trained in full, with their names in the original model.</summary>
    internal IEnumerable<(string Name, Tensor Value)> FullState() =>
        ModuleNode.WalkOriginal(_model)
            .Where(node => FullyTrainedModules.Contains(node.Path))
            .SelectMany(node => node.State())
            .Select(state => (state.Name, state.Value));

    /// <summary>Restores requires_grad of every parameter to what it was before <see cref="Freeze"/>; does nothing if that was not called.</summary>
    public void Restore()
    {
        foreach (var (slot, required) in _all.Zip(_original ?? []))
            slot.Parameter.requires_grad = required;

        _original = null;
    }

    private static void RequireParameters(NamePattern pattern, ModuleNode[] matched, IReadOnlyList<Tensor> covered, IReadOnlyList<ModuleNode> nodes)
    {
        if (covered.Count > 0)
            return;

        var nearest = NearestNames.To(pattern.Text, nodes.Select(node => node.Path), 5);
        throw new ArgumentException(matched.Length > 0
            ? $"The modules to train in full that match {pattern} have no parameters: {string.Join(", ", matched.Select(node => node.Path))}."
            : $"No module matches {pattern}, which is to be trained in full.{(nearest.Count > 0 ? $" Did you mean {string.Join(", ", nearest)}?" : "")}");
    }

    /// <summary>Compares memory rather than names, to catch a layer that shares its weight with an adapted one.</summary>
    private static void RequireNoAdapter(NamePattern pattern, IReadOnlyList<Tensor> covered, IReadOnlyList<InjectionSite> sites)
    {
        using var scope = NewDisposeScope();
        var both = sites
            .Where(site => covered.Any(tensor => MemoryRange.IsShared(tensor, site.Adaptable.Weight) || (site.Adaptable.Bias is { } bias && MemoryRange.IsShared(tensor, bias))))
            .Select(site => site.Path)
            .ToArray();
        if (both.Length > 0)
        {
            throw new ArgumentException(
                $"{pattern} is to be trained in full, but covers layers that carry an adapter: {string.Join(", ", both)}. "
                + $"Exclude them from the targets, for instance with Excluding(\"{both[0]}\").");
        }
    }

    private static IReadOnlyList<string> Outermost(IReadOnlyList<ModuleNode> modules)
    {
        var paths = modules.Select(node => node.Path).Distinct(StringComparer.Ordinal).ToArray();
        return [.. paths.Where(path => !paths.Any(other => other != path && (other.Length == 0 || ModuleNames.IsAtOrIn(path, other))))];
    }
}
