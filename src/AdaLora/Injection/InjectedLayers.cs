using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>Adapters that are in place in a model, and the means to remove them again.</summary>
internal sealed class InjectedLayers
{
    private readonly IReadOnlyList<Replacement> _replacements;

    internal InjectedLayers(nn.Module model, IReadOnlyList<Replacement> replacements)
    {
        Model = model;
        _replacements = replacements;
        Sites = [.. replacements.Select(replacement => replacement.Site)];
        Adapters = [.. replacements.Select(replacement => replacement.Adapter)];
    }

    /// <summary>The model.</summary>
    public nn.Module Model { get; }

    /// <summary>The replaced layers.</summary>
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

        foreach (var replacement in _replacements)
            replacement.Undo();

        IsAttached = false;
    }

    /// <summary>Removes the adapters until <see cref="Resume"/>: the model is the original one, object for object, and can be given other adapters.</summary>
    /// <exception cref="InvalidOperationException">An adapter is no longer where it was put; nothing is changed.</exception>
    internal void Suspend()
    {
        RequireInPlace();
        foreach (var replacement in _replacements)
            replacement.Withdraw();

        IsSuspended = true;
    }

    /// <summary>Puts the adapters back in place, in the training mode of their layers.</summary>
    internal void Resume()
    {
        foreach (var replacement in _replacements)
        {
            replacement.Adapter.train(replacement.Site.Layer.training);
            replacement.Apply();
        }

        IsSuspended = false;
    }

    private void RequireInPlace()
    {
        var moved = _replacements.Where(replacement => !replacement.IsInPlace).Select(replacement => replacement.Site.Path).ToArray();
        if (moved.Length > 0)
            throw new InvalidOperationException($"The model was changed since the adapters were injected; these are no longer in their places: {string.Join(", ", moved)}.");
    }
}
