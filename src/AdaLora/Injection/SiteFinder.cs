using AdaLora.Adapters;
using AdaLora.Targeting;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>One search for targeted layers.</summary>
internal sealed class SiteFinder
{
    private readonly nn.Module _model;
    private readonly TargetModules _targets;
    private readonly Func<nn.Module, AdaptableLayer?> _describe;
    private readonly WayFinder _ways;
    private readonly IReadOnlyList<ModuleNode> _nodes;
    private readonly ILookup<nn.Module, ModuleReference> _references;
    private readonly HashSet<nn.Module> _selected = new(ReferenceEqualityComparer.Instance);
    private readonly List<InjectionSite> _sites = [];
    private readonly List<RefusedSite> _refused = [];
    private readonly List<RefusedSite> _skipped = [];
    private readonly List<RefusedSite> _leftOut = [];
    private readonly HashSet<string> _found = new(StringComparer.Ordinal);

    /// <param name="model">The model.</param>
    /// <param name="targets">Which layers.</param>
    /// <param name="describe">What can carry an adapter.</param>
    /// <param name="ways">How adapters are attached.</param>
    public SiteFinder(nn.Module model, TargetModules targets, Func<nn.Module, AdaptableLayer?> describe, WayFinder ways)
    {
        _model = model;
        _targets = targets;
        _describe = describe;
        _ways = ways;
        _nodes = ModuleNode.Walk(model);
        _references = ReferenceScanner.Scan(_nodes);
    }

    public InjectionPlan Find()
    {
        foreach (var names in _nodes.GroupBy(node => node.Module, (IEqualityComparer<nn.Module>)ReferenceEqualityComparer.Instance))
        {
            var matches = names.Select(node => (node, match: _targets.Match(node.Path))).Where(pair => pair.match != NameMatch.None).ToArray();
            var node = matches.Select(pair => pair.node).Concat(names).First();
            if (IsInsideSelected(node))
                continue;
            if (matches.Length > 0)
                Decide(node, matches.Max(pair => pair.match), names.Select(name => name.Path).ToArray());
            else
                LeaveOut(node);
            AddNamedWeights(node);
        }

        foreach (var unregistered in UnregisteredModules.In(_nodes, _references, _targets).Where(found => !IsInsideSelected(found.Owner)))
            _skipped.Add(unregistered.Site);
        var paths = _sites.SelectMany(site => site.Aliases.Prepend(site.Path)).Concat(_refused.Select(site => site.Path)).Concat(_found).ToArray();
        var nothing = _sites.Count == 0 && _refused.Count == 0 ? NothingFound.Describe(_targets, _nodes, _skipped) : null;
        return new(_sites, _refused, _skipped, _leftOut, Unmatched(_targets.Patterns, paths), Unmatched(_targets.Exclusions, [.. _nodes.Select(node => node.Path)]), nothing);
    }

    // With reasons, but only for what a selection of every layer would have reported.
    private void LeaveOut(ModuleNode node)
    {
        if (node.CarriesAdapter || _describe(node.Module) is not null || PackedModules.ReasonFor(node.Module) is not null || PackedModules.UncoveredIn(node.Module) is not null)
            _leftOut.Add(new(node.DisplayPath, _targets.WhyNot(node.Path)!));
    }

    private static string[] Unmatched(IEnumerable<NamePattern> patterns, IReadOnlyCollection<string> paths) =>
        [.. patterns.Where(pattern => !paths.Any(pattern.Matches)).Select(pattern => pattern.ToString())];

    private void Decide(ModuleNode node, NameMatch match, string[] names)
    {
        if (node.CarriesAdapter)
        {
            Refuse(node, "already carries an adapter");
        }
        else if (match > NameMatch.ByKind && IsOpaque(node, match) && Probe(node, match) is null && AddWeights(node))
        {
            _ = _found.Add(node.Path);
            _ = _selected.Add(node.Module);
        }
        else if (PackedModules.ReasonFor(node.Module) is { } packed)
        {
            // Its parts, if it exposes any, are packed like itself.
            _ = _selected.Add(node.Module);
            (match == NameMatch.ByKind ? _skipped : _refused).Add(new(node.DisplayPath, packed));
        }
        else if ((_describe(node.Module) ?? Probe(node, match)) is not { } layer)
        {
            // A region contains modules of all kinds; a name written out was meant. The layers inside stay available to other patterns.
            if (match == NameMatch.ByName)
                _refused.Add(new(node.DisplayPath, NotLinear(node.Module)));
            else if (PackedModules.UncoveredIn(node.Module) is { } uncovered)
                _skipped.Add(new(node.DisplayPath, uncovered));
        }
        else if (!layer.IsLinear && match != NameMatch.ByName)
        {
            // Targets described as all layers, or as a region, have always meant the linear ones.
            _leftOut.Add(new(node.DisplayPath, $"this {TypeNames.Of(node.Module.GetType())} is adapted only if the targets name it, by a suffix or by its full name"));
        }
        else if (node.Parent is null)
        {
            Refuse(node, "a layer can only be replaced in a module that holds it; adapt a model around it, for instance torch.nn.Sequential((\"layer\", layer)), and call that");
        }
        else if (_nodes.Any(other => other.Path == node.Path && !ReferenceEquals(other.Module, node.Module)))
        {
            Refuse(node, "another module has the same name");
        }
        else if (layer.FindFault() is { } fault)
        {
            Refuse(node, fault);
        }
        else
        {
            DecideByStorage(node, layer, names);
        }
    }

    // Without a layer that could be replaced or hooked; a region of the model contains all kinds of modules, of which only the packed ones are known to be matrices and nothing else.
    private bool IsOpaque(ModuleNode node, NameMatch match) =>
        node.Module is not jit.ScriptModule && (PackedModules.ReasonFor(node.Module) is not null || (match == NameMatch.ByName && _describe(node.Module) is null));

    private AdaptableLayer? Probe(ModuleNode node, NameMatch match) =>
        match == NameMatch.ByName && !PackedModules.IsOfTorchSharp(node.Module) && _ways.MayProbe(node) ? AdapterKinds.DescribeNamed(node.Module) : null;

    // The weights of a module that the targets select as a whole.
    private bool AddWeights(ModuleNode node)
    {
        if (!_ways.MayMaterialise([node.Path]))
            return false;
        var parts = WeightPart.In(node).ToList();
        parts.ForEach(part => AddWeight(node, part, $"a {TypeNames.Of(node.Module.GetType())} has no layer that could be replaced or hooked"));
        return parts.Count > 0;
    }

    // The weights that the targets name themselves.
    private void AddNamedWeights(ModuleNode node)
    {
        if (node.CarriesAdapter || _selected.Contains(node.Module) || IsInsideSelected(node) || !_ways.MayMaterialise([node.Path]))
            return;
        foreach (var part in WeightPart.In(node).Where(part => _targets.Match(part.Path) == NameMatch.ByName || _targets.Match(part.Slot.FullName) == NameMatch.ByName))
            AddWeight(node, part, "the targets name a parameter");
    }

    private void AddWeight(ModuleNode node, WeightPart part, string reason)
    {
        _ = _found.Add(part.Slot.FullName);
        using var scope = NewDisposeScope();
        if (_ways.ForWeight(part, reason, out var way) is { } fault)
            _refused.Add(new(part.Path, fault));
        else
            _sites.Add(new(node, _model, part, way));
    }

    private void DecideByStorage(ModuleNode node, AdaptableLayer layer, string[] names)
    {
        var references = _references[node.Module].ToArray();
        _ = _selected.Add(node.Module);
        if (_ways.ForLayer(node, layer, references, out var way) is { Count: > 0 } faults)
            _refused.AddRange(faults);
        else
            _sites.Add(new(node, _model, [.. names.Where(name => name != node.Path)], layer, references, way));
    }

    private static string NotLinear(nn.Module module)
    {
        var sentence = $"a {TypeNames.Of(module.GetType())} is not a linear layer";
        return module is IProjection ? $"{sentence}: it implements IProjection, but does not derive from torch.nn.Module<Tensor, Tensor>"
            : PackedModules.IsOfTorchSharp(module) ? sentence
            : $"{sentence}; {PackedModules.IfLinear}";
    }

    private void Refuse(ModuleNode node, string reason)
    {
        _ = _selected.Add(node.Module);
        _refused.Add(new(node.DisplayPath, reason));
    }

    /// <summary>What is inside a layer that gets (or would get) an adapter belongs to that layer.</summary>
    private bool IsInsideSelected(ModuleNode node)
    {
        for (var ancestor = node.Parent; ancestor is not null; ancestor = ancestor.Parent)
        {
            if (_selected.Contains(ancestor.Module))
                return true;
        }

        return false;
    }
}
