using System.Globalization;
using AdaLora.Allocation;
using AdaLora.Serialization;
using static TorchSharp.torch;

namespace AdaLora;

/// <content>The state of a training: to go back to within it, or to go on from in another process.</content>
public sealed partial class AdaLoraModel
{
    /// <summary>A copy of the triplets, to be taken back later even if they are compacted in between. The schedule must be known.</summary>
    internal AdapterSnapshot Capture()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        return new AdapterSnapshot(_bank.Layout, _bank.Values.detach().clone().DetachFromDisposeScope(), _allocator!.Capture());
    }

    internal void Restore(AdapterSnapshot snapshot)
    {
        using var change = _activity.Gate.Change("changed");
        RequireUnmerged("changed");
        _bank.Restore(snapshot.Layout, snapshot.Values);
        _allocator!.Restore(snapshot.Pattern);
        _binder.Rebind();
    }

    /// <summary>A snapshot that was put into a table.</summary>
    internal AdapterSnapshot ReadSnapshot(StateTable state)
    {
        var pattern = new PatternSnapshot(
            state.Tensor("pruned").to(_bank.Gradients.device, copy: true).DetachFromDisposeScope(), (int)state.Integer("live_triplets"), state.Flag("compacted"));
        var layout = pattern.IsCompacted ? _firstLayout.Compact(pattern.ReadSurvivors()).Layout : _firstLayout;
        return new AdapterSnapshot(layout, state.Tensor("values").to(_bank.Gradients.device, copy: true).DetachFromDisposeScope(), pattern);
    }

    /// <summary>
    /// Puts everything that the next steps depend on into a table, without copying it: triplets, importance, pattern, and between two backward passes of a step the gradients so far.
    /// </summary>
    internal void SaveState(StateTable state, bool isWithinStep)
    {
        RequireUnmerged("saved as a checkpoint");
        new AdapterSnapshot(_bank.Layout, _bank.Values.detach(), _allocator!.Current).Into(state);
        state.Put("step", Step);
        state.Put("has_masked", _allocator.HasMasked);
        state.Put("frozen", _allocator.IsFrozen);
        state.Put("sensitivity", _tracker.Sensitivity);
        state.Put("uncertainty", _tracker.Uncertainty);
        state.Put("rejected", _tracker.Rejected);
        state.Put("updates", _tracker.Updates);
        state.Put("penalty", _penalty);
        state.Put("gradient_norm", _norm.Value);
        if (isWithinStep)
            state.Put("gradients", _binder.Copy());
    }

    /// <summary>Goes on from what <see cref="SaveState"/> has saved of a model that was adapted in the same way. The schedule must be known.</summary>
    internal void ResumeState(StateTable state)
    {
        using var change = _activity.Gate.Change("resumed");
        RequireUnmerged("resumed");
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var snapshot = ReadSnapshot(state);
        _bank.Restore(snapshot.Layout, snapshot.Values);
        _allocator!.Resume(snapshot.Pattern, state.Flag("has_masked"), state.Flag("frozen"));
        _tracker.Resume(snapshot.Layout, state.Tensor("sensitivity"), state.Tensor("uncertainty"), state.Tensor("rejected"), state.Integer("updates"));
        _binder.Resume(state.Contains("gradients") ? state.Tensor("gradients") : null);
        _penalty.copy_(state.Tensor("penalty"));
        _norm.Value.copy_(state.Tensor("gradient_norm"));
        Step = state.Integer("step");
    }

    /// <summary>What has to be the same in a training that goes on from a saved state.</summary>
    internal void Identify(IDictionary<string, string> identity)
    {
        (string Name, object? Value)[] options =
        [
            (nameof(Options.TargetBudget), _allocator!.Schedule.TargetBudget),
            (nameof(Options.InitialPhase), _allocator.Schedule.InitialSteps),
            (nameof(Options.FinalPhase), _allocator.Schedule.FinalSteps),
            (nameof(Options.MaskInterval), Options.MaskInterval),
            ("BudgetDecay", Options.Decay),
            (nameof(Options.Score), Options.Score),
            (nameof(Options.SensitivityTiming), Options.SensitivityTiming),
            (nameof(Options.Beta1), Options.Beta1),
            (nameof(Options.Beta2), Options.Beta2),
            (nameof(Options.OrthogonalityWeight), Options.OrthogonalityWeight),
            (nameof(Options.OrthogonalityForm), Options.OrthogonalityForm),
            (nameof(Options.Dropout), Options.Dropout),
            (nameof(Options.ShareDropout), Options.ShareDropout),
            (nameof(Options.BasePrecision), Options.BasePrecision),
        ];
        foreach (var (name, value) in options)
            identity[name] = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        foreach (var adapter in _adapters)
        {
            var shape = _firstLayout[adapter.Slot.Name].Shape;
            identity[$"adapter {shape.Name}"] = string.Create(CultureInfo.InvariantCulture, $"{shape.OutFeatures} x {shape.InFeatures}, rank {shape.Rank}, scale {adapter.Scale:R}");
        }
    }
}
