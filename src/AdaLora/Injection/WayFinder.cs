using AdaLora.Adapters;
using AdaLora.Targeting;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>Decides in which way an adapter can be attached.</summary>
/// <param name="model">The model.</param>
/// <param name="wanted">What the options say for a layer or weight with these names.</param>
/// <param name="isStored">Whether a saved adapter has a module of this name, so that it must be a layer.</param>
internal sealed class WayFinder(nn.Module model, Func<IReadOnlyList<string>, AttachmentMethod> wanted, Func<string, bool> isStored)
{
    private const string Requested = "the options say so", Probed = "it declares nothing, but computed x W' + b on random input";
    private const string Undeclared = "declares nothing that another layer could stand for";

    private readonly WeightSlots _slots = new(model);

    /// <summary>Only replaces layers.</summary>
    public static WayFinder Replacing(nn.Module model) => new(model, _ => AttachmentMethod.Replace, _ => false);

    /// <summary>Whether something with these names may be materialised.</summary>
    public bool MayMaterialise(IReadOnlyList<string> names) => wanted(names) is AttachmentMethod.Automatic or AttachmentMethod.Materialise;

    /// <summary>Whether a module may be run on random input to find out whether it is a linear layer: not where weights are to hold the product, which needs no layer.</summary>
    public bool MayProbe(ModuleNode node) => wanted([node.Path]) is AttachmentMethod.Automatic or AttachmentMethod.Hook || isStored(node.Path);

    /// <summary>The way for a layer.</summary>
    /// <param name="node">The layer.</param>
    /// <param name="layer">The layer, as one that can carry an adapter.</param>
    /// <param name="references">All places that refer to it.</param>
    /// <param name="way">The way, if there is one.</param>
    /// <returns>Why there is none; empty if there is one.</returns>
    public IReadOnlyList<RefusedSite> ForLayer(ModuleNode node, AdaptableLayer layer, IReadOnlyList<ModuleReference> references, out AttachmentWay way)
    {
        var method = wanted([node.Path]);
        way = AttachmentWay.Replace;
        if (layer.OnlyHooked is { } fixedWeight)
            return ForHook(node, $"{fixedWeight}: only a hook can add a product to what it computes", method, references, ref way);
        var reason = Requested;
        if (layer.IsProbed && method == AttachmentMethod.Replace)
        {
            return [new(node.Path, Undeclared)];
        }
        else if (layer.IsProbed)
        {
            reason = Probed;
        }
        else if (method is AttachmentMethod.Automatic or AttachmentMethod.Replace)
        {
            var faults = FindReplacementFaults(node, references);
            if (faults.Count == 0 || method == AttachmentMethod.Replace)
                return faults;
            reason = faults[0].Obstruction;
        }

        if (method is AttachmentMethod.Automatic or AttachmentMethod.Hook)
        {
            var bypass = references.FirstOrDefault(reference => reference.BypassesHooks);
            if (bypass is null)
            {
                // A weight that is also somebody else's would change that, too.
                _ = _slots.Find(layer.Stored, out var own, out var isTied);
                way = AttachmentWay.Hook(reason, method == AttachmentMethod.Automatic && !isTied ? own : []);
                return [];
            }

            var fault = Bypass(bypass);
            if (method == AttachmentMethod.Hook)
                return [new(node.Path, fault)];
            reason = fault;
        }

        if (_slots.Find(layer.Stored, out var slots, out _) is { } why)
            return [new(node.Path, method == AttachmentMethod.Materialise ? why : $"{reason}, and {why}")];
        way = AttachmentWay.Materialise(reason, slots);
        return [];
    }

    // Its weight gets no gradient, and can hold no product.
    private static IReadOnlyList<RefusedSite> ForHook(ModuleNode node, string reason, AttachmentMethod method, IReadOnlyList<ModuleReference> references, ref AttachmentWay way)
    {
        if (method is AttachmentMethod.Replace or AttachmentMethod.Materialise)
            return [new(node.Path, reason)];
        if (references.FirstOrDefault(reference => reference.BypassesHooks) is { } bypass)
            return [new(node.Path, $"{reason}, but {Bypass(bypass)}")];
        way = AttachmentWay.Hook(reason, []);
        return [];
    }

    private static string Bypass(ModuleReference bypass) => $"{TypeNames.Of(bypass.DeclaringType)}.{bypass.Member} runs its forward method, and with it no hooks";

    /// <summary>The way for a weight that belongs to no such layer.</summary>
    /// <returns>Why there is none, or null.</returns>
    public string? ForWeight(WeightPart part, string reason, out AttachmentWay way)
    {
        way = AttachmentWay.Replace;
        if (_slots.Find(part.Slot.Value, out var slots, out _) is { } fault)
            return fault;
        way = AttachmentWay.Materialise(reason, slots);
        return null;
    }

    private static List<RefusedSite> FindReplacementFaults(ModuleNode node, IReadOnlyList<ModuleReference> references)
    {
        var obstacles = references.Where(reference => reference.Obstacle is not null).ToList();
        if (obstacles.Count > 0)
            return [.. obstacles.Select(place => new RefusedSite(node.Path, place.Obstacle!, place.DeclaringType, place.Member, place.HeldType))];
        return references.All(reference => reference.Storage is null)
            ? [new(node.DisplayPath, $"is registered in a {TypeNames.Of(node.Parent!.Module.GetType())}, but no field, list or dictionary of the model's modules holds it")]
            : [];
    }
}
