using AdaLora.Internals;
using AdaLora.Internals.Cpu;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>
/// Finds the tensors through which a weight can receive its gradient: tied weights are several of them over the same memory. Most are parameters, but a model may keep its weights in buffers.
/// </summary>
internal sealed class WeightSlots(nn.Module model)
{
    private readonly Lazy<IReadOnlyList<(TensorSlot Slot, Tensor Value, MemoryRange? Range)>> _tensors = new(() => List(model));

    /// <summary>The parameters or buffers that have the memory of a weight.</summary>
    /// <param name="weight">The whole weight, as its module keeps it.</param>
    /// <param name="slots">Its own place first; empty if it cannot be materialised. A tensor that goes by several names is there once.</param>
    /// <param name="isTied">Whether other modules use it, too.</param>
    /// <returns>Why it cannot be, as the rest of a sentence; null if it can.</returns>
    public string? Find(Tensor weight, out IReadOnlyList<TensorSlot> slots, out bool isTied)
    {
        (slots, isTied) = ([], false);
        var range = MemoryRange.Of(weight);
        var sharers = _tensors.Value.Where(t => t.Value.Handle == weight.Handle || (range is { } mine && t.Range is { } other && mine.Overlaps(other))).ToList();
        if (!weight.is_leaf || sharers.Count == 0)
            return "its weight is neither a parameter nor a buffer of the model, so that it gets no gradient";
        if (!weight.is_floating_point())
            return $"its weight is of type {weight.dtype}, which has no gradient";
        if (sharers.FirstOrDefault(t => !t.Value.shape.SequenceEqual(weight.shape) || !t.Value.stride().SequenceEqual(weight.stride()) || t.Range != range) is { Slot: not null } odd)
            return $"its weight shares memory with '{odd.Slot.FullName}', which is not the same tensor";
        var own = new List<TensorSlot>();
        foreach (var slot in sharers.OrderByDescending(t => t.Value.Handle == weight.Handle).Select(t => t.Slot))
        {
            if (!own.Any(earlier => SameTensor.Is(earlier.Value, slot.Value)))
                own.Add(slot);
        }

        (slots, isTied) = (own, sharers.Count > 1);
        return null;
    }

    private static List<(TensorSlot, Tensor, MemoryRange?)> List(nn.Module model) =>
        [.. TensorSlot.In(ModuleNode.WalkOriginal(model)).Select(slot => (slot, slot.Value)).DistinctBy(t => t.Value.Handle).Select(t => (t.slot, t.Value, MemoryRange.Of(t.Value)))];
}
