using AdaLora.Bank;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>
/// Makes the adapters' backward pass accumulate straight into the gradient buffer of the bank, by giving every view parameter the matching view of that buffer as its gradient.
/// Until the first step the gradients are left unset, so that an adapter that received none is found; whoever sets gradients to null later
/// (<c>zero_grad(set_to_none: true)</c>), of the model or of a part of it, only costs one more gathering.
/// </summary>
internal sealed class GradientBinder(TripletBank bank, IReadOnlyList<SvdAdapter> adapters) : IBankFollower
{
    private bool _bound;

    /// <summary>After the call, the buffer of the bank holds the gradients that the last backward passes produced.</summary>
    /// <exception cref="InvalidOperationException">At the first call, adapters exist that no backward pass has reached.</exception>
    public void Gather()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        if (!_bound)
        {
            RequireGradients();
            bank.ZeroGradients();
            _bound = true;
        }

        Settle();
        bank.BindGradients();
    }

    /// <summary>Takes gradients that autograd has made elsewhere, because views had none, into the buffer of the bank, and binds these views again. Does nothing before the first step.</summary>
    public void Settle()
    {
        if (!_bound)
            return;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var (view, of) in Unbound())
        {
            var target = of(bank.Gradients);
            Take(view, target);
            view.grad = target;
        }
    }

    /// <summary>Whether backward passes have reached adapters and nothing has been gathered ever since the start.</summary>
    public bool HasUnusedGradients => !_bound && adapters.SelectMany(a => a.Views).Any(v => v.View.grad is not null);

    /// <summary>A copy of the gradients so far in the layout of the bank, zero where there are none yet. For between two backward passes of one step.</summary>
    public Tensor Copy()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var copy = _bound ? bank.Gradients.clone() : zeros_like(bank.Gradients);
        foreach (var (view, of) in Unbound())
            Take(view, of(copy));
        return copy.MoveToOuterDisposeScope();
    }

    /// <summary>Goes on from gradients that another binder held.</summary>
    public void Resume(Tensor? gradients)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        _bound = true;
        foreach (var (view, of) in adapters.SelectMany(a => a.Views))
            view.grad = of(bank.Gradients);
        if (gradients is not null)
            bank.Gradients.copy_(gradients);
    }

    void IBankFollower.Follow(BankChange change, Transition steps)
    {
        foreach (var adapter in adapters)
        {
            var former = adapter.Views.Select(v => (v.View, Gradient: v.View.grad)).ToList();
            // A gradient must have the size of its parameter, also on the way.
            steps.Add(() => former.ForEach(v => v.View.grad = null), () => former.ForEach(v => v.View.grad = v.Gradient));
            adapter.Follow(change, steps);
            if (_bound)
                steps.Add(() => Bind(adapter, change.Gradients), () => former.ForEach(v => v.View.grad = null));
        }
    }

    private static void Bind(SvdAdapter adapter, Tensor gradients)
    {
        using var scope = NewDisposeScope();
        foreach (var (view, of) in adapter.Views)
            view.grad = of(gradients);
    }

    private static void Take(Parameter view, Tensor target)
    {
        if (view.grad is { } gradient)
            target.copy_(gradient);
        else
            target.zero_();
    }

    // The views whose gradient is none of the bank's. One that autograd has made starts at 0, where in the bank only one view does: that is taken for unbound with another of its adapter, and copying it onto itself is harmless.
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
