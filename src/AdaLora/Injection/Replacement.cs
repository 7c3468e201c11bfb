using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>One layer and the adapter that replaces it.</summary>
internal sealed class Replacement
{
    private Replacement(InjectionSite site, nn.Module<Tensor, Tensor> adapter)
    {
        Site = site;
        Adapter = adapter;
    }

    public InjectionSite Site { get; }

    public nn.Module<Tensor, Tensor> Adapter { get; }

    /// <summary>True while every place still holds the adapter.</summary>
    public bool IsInPlace => Site.References.All(reference => ReferenceEquals(reference.Read(), Adapter));

    public static Replacement Create(InjectionSite site, Func<InjectionSite, nn.Module<Tensor, Tensor>> create, IEnumerable<Replacement> earlier)
    {
        var adapter = create(site);
        if (adapter is null || ReferenceEquals(adapter, site.Layer) || AdapterTable.BaseLayerOf(adapter) is not null || earlier.Any(other => ReferenceEquals(other.Adapter, adapter)))
            throw new InjectionException($"The adapter made for {site} is {(adapter is null ? "null" : "not a new module")}; the model is unchanged.");

        adapter.train(site.Layer.training);
        return new(site, adapter);
    }

    public void Apply()
    {
        AdapterTable.Add(Adapter, Site.Layer);
        foreach (var reference in Site.References)
            reference.Write(Adapter);
    }

    /// <summary>Puts the layer back wherever the adapter is. The adapter keeps it too, so that it can be put in place again.</summary>
    public void Withdraw()
    {
        foreach (var reference in Site.References.Where(reference => ReferenceEquals(reference.Read(), Adapter)))
            reference.Write(Site.Layer);

        AdapterTable.Remove(Adapter);
        Site.Layer.train(Adapter.training);
    }

    /// <summary>Puts the layer back wherever the adapter is, and removes it from the adapter, which can then be disposed without it.</summary>
    public void Undo()
    {
        if (AdapterTable.BaseLayerOf(Adapter) is not null)
            Withdraw();

        // Backwards, because clearing a slot moves the ones after it.
        foreach (var reference in ReferenceScanner.Scan(ModuleNode.Walk(Adapter))[Site.Layer].Reverse().ToArray())
            reference.Clear();
    }
}
