using System.Collections;
using AdaLora.Adapters;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>
/// An adapter that its layer calls: a forward hook adds the product to what the layer has computed. If the adapter can compute product and layer together in less time, a second hook in front
/// gives the layer an empty batch, so that it computes nothing.
/// </summary>
internal sealed class Hook(InjectionSite site, SvdAdapter adapter) : Placement(site, adapter)
{
    private const int OwnHooks = 2;

    private readonly ThreadLocal<Tensor?> _taken = new();
    private Action? _remove;
    private IReadOnlyList<ICollection> _hooks = [];
    private bool _hasRun;

    public override bool IsInPlace => _remove is not null && Site.References.All(reference => ReferenceEquals(reference.Read(), Site.Layer));

    public override bool IsApplied => _remove is not null;

    /// <summary>The tensor that might have to hold the product.</summary>
    public TensorSlot Weight => Site.Way.Slots[0];

    /// <summary>Whether the weight may hold the product instead, since no pass has gone through the hook so far.</summary>
    public bool IsWatching => !_hasRun && Site.Way.Slots.Count > 0;

    /// <summary>Whether a pass has gone through the layer, and not through the hook.</summary>
    public bool WasPassedBy => IsWatching && Site.Way.Slots.Any(slot => slot.Value.grad is not null);

    /// <summary>Lets the weight get a gradient until the hook runs: if it gets one, and the hook has not run, the model calls the layer's forward method.</summary>
    public void Watch()
    {
        if (!IsWatching)
            return;
        foreach (var slot in Site.Way.Slots)
            slot.Value.requires_grad = true;
    }

    public override void Apply()
    {
        var (before, after) = (Site.Layer.register_forward_pre_hook(Before), Site.Layer.register_forward_hook(After));
        _remove = () =>
        {
            before.remove();
            after.remove();
        };
        _hooks = HookLists.Of(Site.Layer);
        adapter.IsBeside = true;
        AdapterTable.AddCarrier(Site.Layer);
    }

    public override void Withdraw()
    {
        _remove?.Invoke();
        _remove = null;
        adapter.IsBeside = false;
        AdapterTable.RemoveCarrier(Site.Layer);
    }

    private Tensor Before(nn.Module<Tensor, Tensor> layer, Tensor input)
    {
        if (IsWatching)
            StopWatching();
        _taken.Value = null;
        // The adapter is not in the module tree, so that nobody else tells it.
        if (adapter.training != layer.training)
            adapter.train(layer.training);
        if (!IsAlone || !adapter.ComputesWhole(input))
            return input;
        _taken.Value = input;
        using var noGrad = no_grad();
        return input.narrow(0, 0, 0);
    }

    private void StopWatching()
    {
        _hasRun = true;
        foreach (var slot in Site.Way.Slots)
        {
            slot.Value.requires_grad = false;
            slot.Value.grad = null;
        }
    }

    private Tensor After(nn.Module<Tensor, Tensor> layer, Tensor input, Tensor output)
    {
        if (_taken.Value is not { } taken)
            return adapter.AddTo(output, input);
        _taken.Value = null;
        output.Dispose();
        return adapter.ComputeWhole(taken);
    }

    // Hooks of other people must see what the layer really gets and gives.
    private bool IsAlone => _hooks.Sum(hooks => hooks.Count) == OwnHooks;
}
