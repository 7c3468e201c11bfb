using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>Adapters that are in place in a model, and the means to remove them again.</summary>
internal sealed class InjectedLayers
{
    private readonly List<Placement> _placements;

    internal InjectedLayers(nn.Module model, IReadOnlyList<Placement> placements)
    {
        Model = model;
        _placements = [.. placements];
        Sites = [.. placements.Select(placement => placement.Site)];
        Adapters = [.. placements.Select(placement => placement.Adapter)];
    }

    /// <summary>The model.</summary>
    public nn.Module Model { get; }

    /// <summary>The adapted layers and weights.</summary>
    public IReadOnlyList<InjectionSite> Sites { get; }

    /// <summary>The adapters, in the order of <see cref="Sites"/>. They outlive <see cref="Detach"/>; whoever created them disposes them.</summary>
    public IReadOnlyList<nn.Module<Tensor, Tensor>> Adapters { get; }

    /// <summary>False once the adapters have been removed.</summary>
    public bool IsAttached { get; private set; } = true;

    /// <summary>Whether the adapters are temporarily out of the model.</summary>
    internal bool IsSuspended { get; private set; }

    /// <summary>
    /// Restores the original model: the same layer objects in the same fields, lists and registries, names and parameters in the same order. The layers
    /// are removed from the adapters, so that disposing an adapter leaves its layer alone; an adapter cannot run after this. A second call does nothing.
    /// </summary>
    /// <exception cref="InvalidOperationException">An adapter is no longer where it was put; nothing is changed.</exception>
    public void Detach()
    {
        if (!IsAttached)
            return;

        if (!IsSuspended)
            RequireInPlace();

        foreach (var placement in _placements)
            placement.Undo();

        IsAttached = false;
    }

    /// <summary>Removes the adapters until <see cref="Resume"/>: the model is the original one, object for object, and can be given other adapters.</summary>
    /// <exception cref="InvalidOperationException">An adapter is no longer where it was put; nothing is changed.</exception>
    internal void Suspend()
    {
        RequireInPlace();
        foreach (var placement in _placements)
            placement.Withdraw();

        IsSuspended = true;
    }

    /// <summary>Puts the adapters back in place, in the training mode of their layers.</summary>
    internal void Resume()
    {
        foreach (var placement in _placements)
        {
            placement.Adapter.train(placement.Site.Owner.training);
            placement.Apply();
        }

        IsSuspended = false;
    }

    /// <summary>Hooks that have not run, and may give way to weights that hold the product.</summary>
    internal IReadOnlyList<Hook> Watching => [.. _placements.OfType<Hook>().Where(hook => hook.IsWatching)];

    /// <summary>Lets the weight of a hooked layer hold the product instead of the hook adding it.</summary>
    internal void Materialise(Hook hook)
    {
        var site = hook.Site;
        hook.Withdraw();
        site.Way = AttachmentWay.Materialise("the model runs the layer past its hook, by its forward method", site.Way.Slots) with { HasFallenBack = true };
        var materialization = site.Way.Place(site, hook.Adapter);
        materialization.Apply();
        _placements[_placements.IndexOf(hook)] = materialization;
    }

    /// <summary>Sets what the adapters need of the model's parameters, after these were frozen: that weights with a product, and those that might have to hold one, get gradients.</summary>
    internal void RequireGradients()
    {
        foreach (var hook in _placements.OfType<Hook>().Where(hook => hook.IsApplied))
            hook.Watch();
        foreach (var weight in Materialized.Where(weight => weight.IsApplied))
            weight.Write();
    }

    /// <summary>The weights that contain the product of their adapter.</summary>
    internal IEnumerable<Materialization> Materialized => _placements.OfType<Materialization>();

    private void RequireInPlace()
    {
        var moved = _placements.Where(placement => !placement.IsInPlace).Select(placement => placement.Site.Path).ToArray();
        if (moved.Length > 0)
            throw new InvalidOperationException($"The model was changed since the adapters were injected; these are no longer in their places: {string.Join(", ", moved)}.");
    }
}
