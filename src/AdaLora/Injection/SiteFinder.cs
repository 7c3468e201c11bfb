using AdaLora.Adapters;
using AdaLora.Targeting;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>One search for targeted layers.</summary>
internal sealed class SiteFinder
{
    private readonly nn.Module _model;
    private readonly TargetModules _targets;
    private readonly IReadOnlyList<ModuleNode> _nodes;
    private readonly ILookup<nn.Module, ModuleReference> _references;
    private readonly HashSet<nn.Module> _selected = new(ReferenceEqualityComparer.Instance);
    private readonly List<InjectionSite> _sites = [];
    private readonly List<RefusedSite> _refused = [];
    private readonly List<RefusedSite> _skipped = [];

    public SiteFinder(nn.Module model, TargetModules targets)
    {
        _model = model;
        _targets = targets;
        _nodes = ModuleNode.Walk(model);
        _references = ReferenceScanner.Scan(_nodes);
    }

    public InjectionPlan Find()
    {
        foreach (var names in _nodes.GroupBy(node => node.Module, (IEqualityComparer<nn.Module>)ReferenceEqualityComparer.Instance))
        {
            var matches = names.Select(node => (node, match: _targets.Match(node.Path))).Where(pair => pair.match != NameMatch.None).ToArray();
            if (matches.Length > 0 && !IsInsideSelected(matches[0].node))
            {
                Decide(matches[0].node, matches.Max(pair => pair.match), names.Select(node => node.Path).ToArray());
            }
        }

        if (_sites.Count == 0 && _refused.Count == 0)
        {
            throw new InjectionException(NothingFound.Describe(_targets, _nodes, _skipped));
        }

        var paths = _sites.SelectMany(site => site.Aliases.Prepend(site.Path)).Concat(_refused.Select(site => site.Path)).ToArray();
        return new(_sites, _refused, _skipped, Unmatched(_targets.Patterns, paths), Unmatched(_targets.Exclusions, [.. _nodes.Select(node => node.Path)]));
    }

    private static string[] Unmatched(IEnumerable<NamePattern> patterns, IReadOnlyCollection<string> paths) =>
        [.. patterns.Where(pattern => !paths.Any(pattern.Matches)).Select(pattern => pattern.ToString())];

    private void Decide(ModuleNode node, NameMatch match, string[] names)
    {
        if (node.BaseLayer is not null)
        {
            Refuse(node, "already carries an adapter");
        }
        else if (PackedModules.ReasonFor(node.Module) is { } packed)
        {
            (match == NameMatch.ByKind ? _skipped : _refused).Add(new(node.DisplayPath, packed));
        }
        else if (!Projection.TryDescribe(node.Module, out var projection))
        {
            // A region holds modules of all kinds; a name that somebody wrote down was meant. The layers inside stay open to other patterns.
            if (match == NameMatch.ByName)
            {
                _refused.Add(new(node.DisplayPath, $"a {TypeNames.Of(node.Module.GetType())} is not a linear layer"));
            }
        }
        else if (node.Parent is null)
        {
            Refuse(node, "the model itself is a linear layer, which nothing can replace in its owner's hands; put it into a Sequential");
        }
        else if (_nodes.Any(other => other.Path == node.Path && !ReferenceEquals(other.Module, node.Module)))
        {
            Refuse(node, "another module has the same name");
        }
        else if (Projection.FindFault(projection) is { } fault)
        {
            Refuse(node, fault);
        }
        else
        {
            DecideByStorage(node, projection, names);
        }
    }

    private void DecideByStorage(ModuleNode node, IProjection projection, string[] names)
    {
        var references = _references[node.Module].ToArray();
        var obstacles = references.Where(reference => reference.Obstacle is not null).ToArray();
        if (obstacles.Length > 0)
        {
            _ = _selected.Add(node.Module);
            _refused.AddRange(obstacles.Select(place => new RefusedSite(node.Path, place.Obstacle!, place.DeclaringType, place.Member, place.HeldType)));
        }
        else if (references.All(reference => reference.Storage is null))
        {
            Refuse(node, $"is registered in a {TypeNames.Of(node.Parent!.Module.GetType())}, but no field, list or dictionary of the model's modules holds it");
        }
        else
        {
            _ = _selected.Add(node.Module);
            _sites.Add(new(node, _model, [.. names.Where(name => name != node.Path)], projection, references));
        }
    }

    private void Refuse(ModuleNode node, string reason)
    {
        _ = _selected.Add(node.Module);
        _refused.Add(new(node.DisplayPath, reason));
    }

    /// <summary>What is inside a layer that gets an adapter (or would) belongs to that layer.</summary>
    private bool IsInsideSelected(ModuleNode node)
    {
        for (var ancestor = node.Parent; ancestor is not null; ancestor = ancestor.Parent)
        {
            if (_selected.Contains(ancestor.Module))
            {
                return true;
            }
        }

        return false;
    }
}
