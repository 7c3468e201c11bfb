using AdaLora.Bank;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>
/// Makes the adapters' backward pass accumulate straight into the bank's gradient buffer, by giving every view parameter the matching view of that buffer as its gradient.
/// Until the first step the gradients are left unset, so that an adapter that received none is detected; setting gradients to null later
/// (<c>zero_grad(set_to_none: true)</c>), for the model or part of it, only costs one more gathering.
/// </summary>
/// <remarks>Another thread may set them to null during a backward pass. So that this frees nothing that libtorch is adding to, a second handle keeps each gradient alive.</remarks>
internal sealed class GradientBinder(TripletBank bank, IReadOnlyList<SvdAdapter> adapters) : IBankFollower, IDisposable
{
    private readonly Dictionary<Parameter, Tensor> _handles = new(ReferenceEqualityComparer.Instance);
    private bool _bound;

    /// <summary>Whether gradients were gathered before, so that every adapter is known to receive some.</summary>
    public bool HasGathered => _bound;

    /// <summary>After the call, the bank's buffer holds the gradients produced by the last backward passes.</summary>
    /// <param name="areInBank">Whether they are known to have arrived there and not in views.</param>
    /// <exception cref="InvalidOperationException">At the first call, adapters exist that no backward pass has reached.</exception>
    public void Gather(bool areInBank)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        if (!_bound)
        {
            RequireGradients();
            bank.ZeroGradients();
            _bound = true;
        }

        if (!areInBank)
            Settle();
        bank.BindGradients();
    }

    /// <summary>Moves gradients that autograd created elsewhere, because views had none, into the bank's buffer, and rebinds these views. Does nothing before the first step.</summary>
    public void Settle()
    {
        if (!_bound)
            return;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var unbound = Unbound().ToList();
        foreach (var (view, of) in unbound)
            Move(view, of(bank.Gradients));
        // If one tensor was given to several parameters, it is now the last one's view; the others get their own.
        foreach (var (view, of) in unbound)
        {
            var target = of(bank.Gradients);
            if (view.grad?.storage_offset() != target.storage_offset())
                Give(view, target);
        }
    }

    /// <summary>
    /// For adapters whose gradients arrive in the bank by one node and not in their views: where gradients were set to null since the last backward pass, the bank's are 0 and the views' again.
    /// </summary>
    public void ClearUnset(IReadOnlyList<SvdAdapter> served)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var isBankUnset = bank.Values.grad is null;
        foreach (var (view, of) in served.SelectMany(a => a.Views))
        {
            if (!isBankUnset && view.grad is not null)
                continue;
            Give(view, of(bank.Gradients).zero_());
        }

        if (isBankUnset)
            bank.BindGradients();
    }

    /// <summary>Whether backward passes have reached adapters although nothing has ever been gathered.</summary>
    public bool HasUnusedGradients => !_bound && adapters.SelectMany(a => a.Views).Any(v => v.View.grad is not null);

    /// <summary>A copy of the gradients so far in the bank's layout, zero where there are none yet. For use between two backward passes of one step.</summary>
    public Tensor Copy()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var copy = _bound ? bank.Gradients.clone() : zeros_like(bank.Gradients);
        foreach (var (view, of) in Unbound())
            Take(view.grad, of(copy));
        return copy.MoveToOuterDisposeScope();
    }

    /// <summary>Continues from gradients that another binder held.</summary>
    public void Resume(Tensor? gradients)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        _bound = true;
        foreach (var (view, of) in adapters.SelectMany(a => a.Views))
            Give(view, of(bank.Gradients));
        if (gradients is not null)
            bank.Gradients.copy_(gradients);
    }

    void IBankFollower.Follow(BankChange change, Transition steps)
    {
        foreach (var adapter in adapters)
        {
            var former = adapter.Views.Select(v => (v.View, Gradient: v.View.grad)).ToList();
            // A gradient must match its parameter in size, even in intermediate states.
            steps.Add(() => former.ForEach(v => v.View.grad = null), () => former.ForEach(v => Restore(v.View, v.Gradient)));
            adapter.Follow(change, steps);
            if (_bound)
                steps.Add(() => Bind(adapter, change.Gradients), () => former.ForEach(v => v.View.grad = null));
        }
    }

    public void Dispose()
    {
        foreach (var handle in _handles.Values)
            handle.Dispose();
        _handles.Clear();
    }

    private void Bind(SvdAdapter adapter, Tensor gradients)
    {
        using var scope = NewDisposeScope();
        foreach (var (view, of) in adapter.Views)
            Give(view, of(gradients));
    }

    private void Give(Parameter view, Tensor gradient)
    {
        view.grad = gradient;
        Keep(view, gradient);
    }

    private void Keep(Parameter view, Tensor gradient)
    {
        gradient.DetachFromDisposeScope();
        if (_handles.Remove(view, out var former))
            former.Dispose();
        _handles.Add(view, gradient);
    }

    private void Move(Parameter view, Tensor target)
    {
        var gradient = view.grad;
        Take(gradient, target);
        if (gradient is { requires_grad: false })
        {
            // The same object, in another place: libtorch's reference, which another thread may be clearing, is not touched.
            gradient.set_(target);
            Keep(view, gradient);
        }
        else
        {
            Give(view, target);
        }
    }

    private void Restore(Parameter view, Tensor? gradient)
    {
        if (gradient is null)
            view.grad = null;
        else
            Give(view, gradient);
    }

    private static void Take(Tensor? gradient, Tensor target)
    {
        if (gradient is not null)
            target.copy_(gradient);
        else
            target.zero_();
    }

    // The views whose gradient is not the bank's. One made by autograd starts at 0, as only one view in the bank does: that one counts as unbound whenever another of its adapter is, and
    // copying it onto itself is harmless.
    private IEnumerable<(Parameter View, Func<Tensor, Tensor> Of)> Unbound()
    {
        foreach (var adapter in adapters.Where(a => a.Rank > 0))
        {
            var offsets = new[] { adapter.Slot.RightOffset, adapter.Slot.LambdaOffset, adapter.Slot.LeftOffset };
            var views = adapter.Views;
            var isUnbound = views.Select((v, i) => !_bound || (offsets[i] > 0 && v.View.grad?.storage_offset() != offsets[i])).ToArray();
            for (var i = 0; i < views.Count; i++)
            {
                if (isUnbound[i] || (offsets[i] == 0 && isUnbound.Any(u => u)))
                    yield return views[i];
            }
        }
    }

    private void RequireGradients()
    {
        var silent = adapters.Where(a => a.Rank > 0 && a.Views[1].View.grad is null).ToList();
        if (silent.Count == 0)
            return;
        var reasons = silent.Select(a => $"  {a.Slot.Name}: " + (a.HasTrained
            ? "it ran, but no gradient came back (its output is detached, or not part of the loss)"
            : "it never ran in training mode (the model calls another reference, skips the layer, or is in evaluation mode)"));
        throw new InvalidOperationException(
            $"{silent.Count} of {adapters.Count} adapters received no gradient at the first optimiser step:\n{string.Join('\n', reasons)}\n"
            + "Call loss.backward() before the step; exclude layers that do not take part from the targets.");
    }
}
