using AdaLora.Injection;
using AdaLora.Internals.Cpu;
using AdaLora.Targeting;

namespace AdaLora.Peft;

/// <summary>Finds which modules of a model share a weight with outside modules: a tied output layer, or the embeddings it is tied to.</summary>
/// <param name="nodes">The model.</param>
internal sealed class TiedModules(IReadOnlyList<ModuleNode> nodes)
{
    // A module under two names is one module.
    private readonly IReadOnlyList<Weight> _weights =
    [
        .. nodes.DistinctBy(node => node.Module, ReferenceEqualityComparer.Instance).SelectMany(node => node.OwnTensors())
            .Where(own => !own.IsBuffer).Select(own => (own.Name, Range: MemoryRange.Of(own.Value))).Where(own => own.Range is not null).Select(own => new Weight(own.Name, own.Range!.Value)),
    ];

    /// <summary>Describes which of a module's weights is shared, and with which module; null if none is.</summary>
    public string? Describe(string module) => (
        from own in _weights
        where ModuleNames.IsAtOrIn(own.Name, module)
        from other in _weights
        where !ModuleNames.IsAtOrIn(other.Name, module) && other.Range.Overlaps(own.Range)
        select $"'{own.Name}' is also '{other.Name}'").FirstOrDefault();

    private sealed record Weight(string Name, MemoryRange Range);
}
