using AdaLora.Parameters;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>
/// Makes the adapters' backward pass accumulate straight into the gradient buffer of the bank, by giving every view parameter the matching view of that buffer as its gradient.
/// Until the first step the gradients are left unset, so that an adapter that received none is found; whoever sets gradients to null later
/// (<c>zero_grad(set_to_none: true)</c>) only costs one more gathering.
/// </summary>
internal sealed class GradientBinder(TripletBank bank, IReadOnlyList<SvdLinear> adapters)
{
    private SvdLinear? _probe = adapters.FirstOrDefault(a => a.Rank > 0);
    private bool _bound;

    /// <summary>After the call, the buffer of the bank holds the gradients that the last backward passes produced.</summary>
    /// <exception cref="InvalidOperationException">At the first call, adapters exist that no backward pass has reached.</exception>
    public void Gather()
    {
        if (_probe is null || (_bound && IsBound(_probe)))
            return;

        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        if (!_bound)
            RequireGradients();

        bank.ZeroGradients();
        bank.BindGradients();
        BindViews(copy: true);
        _bound = true;
    }

    /// <summary>Whether backward passes have reached adapters and nothing has been gathered ever since the start.</summary>
    public bool HasUnusedGradients => !_bound && adapters.SelectMany(a => a.Views).Any(v => v.View.grad is not null);

    /// <summary>A copy of the gradients so far in the layout of the bank, zero where there are none yet. For between two backward passes of one step.</summary>
    public Tensor Copy()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var copy = _bound ? bank.Gradients.clone() : zeros_like(bank.Gradients);
        foreach (var (view, of) in adapters.SelectMany(a => a.Views))
        {
            if (!_bound && view.grad is { } gradient)
                of(copy).copy_(gradient);
        }

        return copy.MoveToOuterDisposeScope();
    }

    /// <summary>Goes on from gradients that another binder held.</summary>
    public void Resume(Tensor? gradients)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Rebind();
        if (gradients is not null)
            bank.Gradients.copy_(gradients);
        _bound = true;
    }

    /// <summary>Binds the adapters to the buffers of a bank that has shrunk.</summary>
    public void Rebind()
    {
        using var scope = NewDisposeScope();
        _probe = adapters.FirstOrDefault(a => a.Rank > 0);
        foreach (var adapter in adapters)
            adapter.Rebind(bank);
        BindViews(copy: false);
    }

    private void BindViews(bool copy)
    {
        foreach (var adapter in adapters)
        {
            foreach (var (view, of) in adapter.Views)
            {
                var target = of(bank.Gradients);
                if (copy && view.grad is { } gradient)
                    target.copy_(gradient);
                view.grad = target;
            }
        }
    }

    // Lambdas stand at the end of the buffer, so a bound gradient never starts at 0, whereas one that autograd made does.
    private static bool IsBound(SvdLinear adapter)
    {
        using var scope = NewDisposeScope();
        return adapter.Views[1].View.grad?.storage_offset() == adapter.Slot.LambdaOffset;
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
