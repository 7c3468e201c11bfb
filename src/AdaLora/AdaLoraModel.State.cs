using System.Globalization;
using AdaLora.Bank;
using AdaLora.Safetensors;
using static TorchSharp.torch;

namespace AdaLora;

/// <content>The state of a training: to return to within the same run, or to resume from in another process.</content>
public sealed partial class AdaLoraModel
{
    /// <summary>A copy of the triplets, which can be restored later even if they are compacted in between. The schedule must be known.</summary>
    internal AdapterSnapshot Capture()
    {
        RequireUnmerged("kept");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Tensor Own(Tensor live) => live.detach().clone().DetachFromDisposeScope();
        var isOpen = !_allocator!.IsPatternFinal;
        return new AdapterSnapshot(Own(_bank.Values), _allocator.Capture(), isOpen ? Own(_tracker.Sensitivity) : null, isOpen ? Own(_tracker.Uncertainty) : null);
    }

    /// <summary>
    /// Plans to restore the adapters to the snapshot: which triplets they hold, with which values, which of them are pruned, and whether the pattern is final. Optimiser state of triplets
    /// that are held before and afterwards is kept, although it belongs to other values; triplets that come back start without any. Tensors of the plan belong to the caller's dispose scope.
    /// </summary>
    internal void Restore(AdapterSnapshot snapshot, Transition steps)
    {
        RequireUnmerged("changed");
        if (_betweenCalls)
            throw new InvalidOperationException($"A step is under way. Call {nameof(AfterOptimizerStep)}() before replacing the weights.");
        var change = _bank.Resize(snapshot.Pattern.Roster, snapshot.Values.clone(), steps);
        if (snapshot.Sensitivity is not null && snapshot.Uncertainty is not null)
            _tracker.Resume(change, snapshot.Sensitivity, snapshot.Uncertainty, steps);
        _allocator!.Restore(snapshot.Pattern, steps);
        steps.AddLast(WriteWeights);
    }

    /// <summary>Writes a snapshot to a table.</summary>
    internal void SaveSnapshot(AdapterSnapshot snapshot, StateTable state) => snapshot.Into(state, _bank.FirstLayout);

    /// <summary>A snapshot read from a table.</summary>
    internal AdapterSnapshot ReadSnapshot(StateTable state) => AdapterSnapshot.From(state, _bank.FirstLayout, _bank.Gradients.device);

    /// <summary>
    /// Writes everything the next steps depend on to a table, without copying it: triplets, importance, pattern, and between two backward passes of a step the gradients so far.
    /// </summary>
    internal void SaveState(StateTable state, bool isWithinStep)
    {
        RequireUnmerged("saved as a checkpoint");
        FallBack();
        new AdapterSnapshot(_bank.Values.detach(), _allocator!.Current, _tracker.Sensitivity, _tracker.Uncertainty).Into(state, _bank.FirstLayout);
        state.Put("step", Step);
        state.Put("rejected", _tracker.Rejected);
        state.Put("updates", _tracker.Updates);
        state.Put("penalty", _penalty);
        state.Put("gradient_norm", _norm.Value);
        SaveFallenBack(state);
        if (isWithinStep)
        {
            state.Put("gradients", _binder.Copy());
            SaveWeightGradients(state);
        }
    }

    /// <summary>Resumes from what <see cref="SaveState"/> saved for a model adapted in the same way. The schedule must be known.</summary>
    internal void ResumeState(StateTable state)
    {
        using var guard = _activity.Gate.Change("resumed");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var snapshot = ReadSnapshot(state);
        var (step, updates, rejected, penalty, norm) = (state.Integer("step"), state.Integer("updates"), state.Tensor("rejected"), state.Tensor("penalty"), state.Tensor("gradient_norm"));
        var gradients = state.Contains("gradients") ? state.Tensor("gradients") : null;
        ResumeFallenBack(state);
        var steps = new Transition();
        Restore(snapshot, steps);
        steps.AddLast(() =>
        {
            _tracker.Resume(rejected, updates);
            _binder.Resume(gradients);
            _penalty.copy_(penalty);
            _norm.Value.copy_(norm);
            ResumeWeightGradients(state);
            Step = step;
        });
        steps.Run();
    }

    /// <summary>What must be the same when a training resumes from a saved state.</summary>
    internal void Identify(IDictionary<string, string> identity)
    {
        foreach (var (name, value) in Options.Settings(_allocator!.Schedule))
            identity[name] = Training.Checkpoints.RunIdentity.Text(value);
        foreach (var rows in _rows)
            identity[$"rows of {rows.Table}"] = string.Join(' ', rows.Rows);
        foreach (var adapter in _adapters)
        {
            var shape = _bank.FirstLayout[adapter.Slot.Name].Shape;
            var rest = (IsMaterialisedAtStart(adapter) ? ", materialised" : "") + _terms.LimitsOf(shape.Name).Suffix;
            identity[$"adapter {shape.Name}"] = string.Create(CultureInfo.InvariantCulture, $"{shape.OutFeatures} x {shape.InFeatures}, rank {shape.Rank}, scale {adapter.Scale:R}{rest}");
        }
    }
}
