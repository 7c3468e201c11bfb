using AdaLora.Adapters;
using AdaLora.Targeting;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>Modules held by fields but never registered: TorchSharp does not consider them part of the model, so their layers are neither found nor moved, trained or saved.</summary>
internal static class UnregisteredModules
{
    /// <summary>Those with layers the targets would select, each once, with the module whose field holds it.</summary>
    public static IEnumerable<(ModuleNode Owner, RefusedSite Site)> In(IReadOnlyList<ModuleNode> nodes, ILookup<nn.Module, ModuleReference> references, TargetModules targets)
    {
        var registered = nodes.SelectMany(node => new[] { node.Module, node.BaseLayer }).OfType<nn.Module>().ToHashSet<nn.Module>(ReferenceEqualityComparer.Instance);
        foreach (var places in references.Where(places => !registered.Contains(places.Key)))
        {
            var place = places.First();
            var inside = ModuleNode.Walk(places.Key).Where(node => node.BaseLayer is null && Projection.TryDescribe(node.Module, out _)).ToArray();
            // Named as RegisterComponents() would name it.
            var name = Join(place.Owner.Path, place.Member);
            if (inside.Any(node => targets.Match(Join(name, node.Path)) != NameMatch.None))
                yield return (place.Owner, new(name, Describe(place, places.Key, inside.Length)));
        }
    }

    private static string Describe(ModuleReference place, nn.Module module, int layers)
    {
        var owner = TypeNames.Of(place.DeclaringType);
        var what = module is TorchSharp.Modules.Linear ? "this Linear" : $"this {TypeNames.Of(module.GetType())} with {layers} linear {(layers == 1 ? "layer" : "layers")}";
        return $"{what} is held by {owner}, but not registered in it, so it is not part of the model; "
            + (place.Storage == StorageKind.Field
                ? $"call RegisterComponents() at the end of the constructor of {owner}"
                : "RegisterComponents() does not look into plain collections: hold it in a ModuleList or ModuleDict, or call register_module");
    }

    private static string Join(string path, string name) => path.Length == 0 ? name : name.Length == 0 ? path : $"{path}.{name}";
}
