using AdaLora.Internals.Cpu;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>Finds the weights to which no product can be added, because other modules share them, or because nothing stores them.</summary>
internal static class WeightSharing
{
    /// <summary>Why products cannot be added to the weights of some layers: one sentence per layer, in model order.</summary>
    public static IReadOnlyList<string> FindFaults(nn.Module model, IReadOnlyList<InjectionSite> sites)
    {
        var tensors = ModuleNode.WalkOriginal(model)
            .SelectMany(node => node.OwnTensors().Select(own => (node.Module, own.Name, own.Value, Range: MemoryRange.Of(own.Value))))
            .ToList();
        return [.. sites.Select(FaultOf).OfType<string>()];

        string? FaultOf(InjectionSite site)
        {
            if (site.Adaptable.OnlyHooked is { } reason)
                return $"'{site.Path}' cannot hold a product: {reason}";
            using var scope = NewDisposeScope();
            var weight = site.Adaptable.Weight;
            if (!MemoryRange.IsShared(weight, site.Adaptable.Weight))
                return $"'{site.Path}' recomputes its weight each time it is read, so anything added to it is lost: keep the weight as a parameter or buffer, or leave the adapter unmerged";
            var own = new HashSet<nn.Module>(ModuleNode.WalkOriginal(site.Layer).Select(n => n.Module), ReferenceEqualityComparer.Instance);
            var range = MemoryRange.Of(weight);
            var sharers = tensors
                .Where(t => !own.Contains(t.Module) && (t.Value.Handle == weight.Handle || (range is { } mine && t.Range is { } other && mine.Overlaps(other))))
                .Select(t => $"'{t.Name}'").Distinct(StringComparer.Ordinal).ToList();
            return sharers.Count == 0 ? null : $"the weight of '{site.Path}' is also {string.Join(", ", sharers)}";
        }
    }
}
