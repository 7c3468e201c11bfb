using System.Collections;
using System.Reflection;
using AdaLora.Adapters;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>
/// An adapter that its layer calls: a forward hook adds the product to what the layer has computed. If the adapter can compute product and layer together in less time, a second hook in front
/// gives the layer an empty batch, so that it computes nothing.
/// </summary>
internal sealed class Hook(InjectionSite site, SvdAdapter adapter) : Placement(site, adapter)
{
    private readonly ThreadLocal<Tensor?> _taken = new();
    private Action? _remove;
    private IReadOnlyList<ICollection> _hooks = [];

    public override bool IsInPlace => _remove is not null && Site.References.All(reference => ReferenceEquals(reference.Read(), Site.Layer));

    public override bool IsApplied => _remove is not null;

    public override void Apply()
    {
        var (before, after) = (Site.Layer.register_forward_pre_hook(Before), Site.Layer.register_forward_hook(After));
        _remove = () =>
        {
            before.remove();
            after.remove();
        };
        _hooks = [.. HooksOf(Site.Layer)];
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

    private Tensor After(nn.Module<Tensor, Tensor> layer, Tensor input, Tensor output)
    {
        if (_taken.Value is not { } taken)
            return adapter.AddTo(output, input);
        _taken.Value = null;
        output.Dispose();
        return adapter.ComputeWhole(taken);
    }

    // Hooks of other people must see what the layer really gets and gives.
    private bool IsAlone => _hooks.Count > 0 && _hooks.All(hooks => hooks.Count == 1);

    private static IEnumerable<ICollection> HooksOf(nn.Module layer)
    {
        const BindingFlags declared = BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly;
        for (var type = layer.GetType(); type is not null; type = type.BaseType)
        {
            foreach (var field in type.GetFields(declared).Where(field => type.Name.StartsWith("HookableModule", StringComparison.Ordinal)))
            {
                if (field.GetValue(layer) is ICollection hooks)
                    yield return hooks;
            }
        }
    }
}
