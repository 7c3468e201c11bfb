using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>One adapter and the way in which it takes part in the model.</summary>
internal abstract class Placement(InjectionSite site, nn.Module<Tensor, Tensor> adapter)
{
    public InjectionSite Site => site;

    public nn.Module<Tensor, Tensor> Adapter => adapter;

    /// <summary>True while the adapter is where it was put.</summary>
    public abstract bool IsInPlace { get; }

    /// <summary>Whether the adapter currently takes part.</summary>
    public abstract bool IsApplied { get; }

    /// <summary>Creates the adapter of a site, but does not put it in place.</summary>
    public static Placement Create(InjectionSite site, Func<InjectionSite, nn.Module<Tensor, Tensor>> create, IEnumerable<Placement> earlier)
    {
        var adapter = create(site);
        if (adapter is null || ReferenceEquals(adapter, site.Layer) || AdapterTable.BaseLayerOf(adapter) is not null || earlier.Any(other => ReferenceEquals(other.Adapter, adapter)))
            throw new InjectionException($"The adapter made for {site} is {(adapter is null ? "null" : "not a new module")}; the model is unchanged.");

        adapter.train(site.Owner.training);
        return site.Way.Place(site, adapter);
    }

    public abstract void Apply();

    /// <summary>Makes the model what it was without the adapter, which keeps what it needs to be put in place again.</summary>
    public abstract void Withdraw();

    /// <summary>Makes the model what it was, and removes the layer from the adapter, which can then be disposed without it.</summary>
    public void Undo()
    {
        if (IsApplied)
            Withdraw();

        // Backwards, because clearing a slot moves the ones after it.
        foreach (var reference in ReferenceScanner.Scan(ModuleNode.Walk(adapter))[site.Layer].Reverse().ToArray())
            reference.Clear();
    }
}
