using AdaLora.Injection;
using AdaLora.Safetensors;
using static TorchSharp.torch;

namespace AdaLora;

/// <content>Weights that hold the product of their adapter.</content>
public sealed partial class AdaLoraModel
{
    private const string WeightGradients = "weight_gradients";

    /// <summary>Lets every such weight be what it is with the current triplets, and tables have the rows that are trained. Called whenever these may have changed.</summary>
    internal void WriteWeights()
    {
        foreach (var rows in _injection.IsSuspended ? [] : _rows)
            rows.Write(_activity.Enabled);
        foreach (var weight in _injection.Materialized.Where(w => w.IsApplied))
            weight.Write();
    }

    /// <summary>Turns the gradients of such weights into those of triplets.</summary>
    private void ProjectGradients()
    {
        foreach (var rows in _rows)
        {
            rows.Project();
            rows.DropGradient();
        }

        var weights = _injection.Materialized.Where(w => w.HasGradient).ToList();
        if (weights.Count == 0)
            return;
        // Their gradients are in the views, where the binder looks for them.
        _factors.NoteBypass();
        weights.ForEach(weight => weight.Project());
        // Only now: several parts of one parameter share its gradient.
        weights.ForEach(weight => weight.DropGradient());
    }

    /// <summary>The same between two steps, for gradients that are to be summed with those of other processes.</summary>
    internal void SettleWeightGradients()
    {
        using var scope = NewDisposeScope();
        ProjectGradients();
        _binder.Settle();
    }

    /// <summary>Forgets the gradients so far.</summary>
    internal void DropWeightGradients()
    {
        foreach (var rows in _rows)
            rows.DropGradient();
        foreach (var weight in _injection.Materialized)
            weight.DropGradient();
    }

    private IEnumerable<TensorSlot> SlotsWithGradients => _injection.Materialized.SelectMany(w => w.Slots).Concat(_rows.SelectMany(own => own.Slots)).DistinctBy(s => s.FullName);

    private bool HasWeightGradients => _injection.Materialized.Any(w => w.HasGradient) || _rows.Any(own => own.HasGradient);

    /// <summary>Writes the gradients so far as they are: projecting them now and the rest later would round differently.</summary>
    private void SaveWeightGradients(StateTable state)
    {
        foreach (var slot in SlotsWithGradients)
        {
            if (slot.Value.grad is { } gradient)
                state.Part(WeightGradients).Put(slot.FullName, gradient);
        }
    }

    private void ResumeWeightGradients(StateTable state)
    {
        foreach (var slot in SlotsWithGradients)
        {
            slot.Value.grad = state.Part(WeightGradients).Contains(slot.FullName)
                ? state.Part(WeightGradients).Tensor(slot.FullName).to(slot.Value.device, copy: true)
                : null;
        }
    }
}
