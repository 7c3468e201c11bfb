using AdaLora.Internals;
using AdaLora.Internals.Cpu;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>Finds the parameters through which a weight can receive its gradient: tied weights are several parameters over the same memory.</summary>
internal sealed class WeightSlots(nn.Module model)
{
    private readonly Lazy<IReadOnlyList<(string Name, Tensor Value, MemoryRange? Range, ParameterSlot? Slot)>> _tensors = new(() => List(model));

    /// <summary>The parameters that have the memory of a weight.</summary>
    /// <param name="weight">The whole weight, as its module keeps it.</param>
    /// <param name="slots">Its own parameter first; empty if it cannot be materialised. A tensor that goes by several names is there once.</param>
    /// <param name="isTied">Whether other modules use it, too.</param>
    /// <returns>Why it cannot be, as the rest of a sentence; null if it can.</returns>
    public string? Find(Tensor weight, out IReadOnlyList<ParameterSlot> slots, out bool isTied)
    {
        (slots, isTied) = ([], false);
        var range = MemoryRange.Of(weight);
        var sharers = _tensors.Value.Where(t => t.Value.Handle == weight.Handle || (range is { } mine && t.Range is { } other && mine.Overlaps(other))).ToList();
        if (!weight.is_leaf || sharers.All(t => t.Slot is null))
            return "its weight is not a parameter of the model, so that it gets no gradient";
        if (sharers.FirstOrDefault(t => t.Slot is null || !t.Value.shape.SequenceEqual(weight.shape) || !t.Value.stride().SequenceEqual(weight.stride()) || t.Range != range) is { Name: not null } odd)
            return $"its weight shares memory with '{odd.Name}', which is not the same tensor";
        var own = new List<ParameterSlot>();
        foreach (var slot in sharers.Select(t => t.Slot!).OrderByDescending(s => s.Parameter.Handle == weight.Handle))
        {
            if (!own.Any(earlier => SameTensor.Is(earlier.Parameter, slot.Parameter)))
                own.Add(slot);
        }

        (slots, isTied) = (own, sharers.Count > 1);
        return null;
    }

    private static List<(string, Tensor, MemoryRange?, ParameterSlot?)> List(nn.Module model)
    {
        var nodes = ModuleNode.WalkOriginal(model);
        return
        [
            .. ParameterSlot.In(nodes).Select(slot => (slot.FullName, (Tensor)slot.Parameter, MemoryRange.Of(slot.Parameter), (ParameterSlot?)slot)),
            .. nodes.SelectMany(node => node.OwnTensors()).Where(t => t.IsBuffer).Select(t => (t.Name, t.Value, MemoryRange.Of(t.Value), (ParameterSlot?)null)),
        ];
    }
}
