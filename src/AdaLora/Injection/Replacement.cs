using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>An adapter in the place of its layer.</summary>
internal sealed class Replacement(InjectionSite site, nn.Module<Tensor, Tensor> adapter) : Placement(site, adapter)
{
    /// <summary>True while every place still holds the adapter.</summary>
    public override bool IsInPlace => Site.References.All(reference => ReferenceEquals(reference.Read(), Adapter));

    public override bool IsApplied => AdapterTable.BaseLayerOf(Adapter) is not null;

    public override void Apply()
    {
        AdapterTable.Add(Adapter, Site.Layer);
        foreach (var reference in Site.References)
            reference.Write(Adapter);
    }

    /// <summary>Puts the layer back wherever the adapter is. The adapter keeps it too.</summary>
    public override void Withdraw()
    {
        foreach (var reference in Site.References.Where(reference => ReferenceEquals(reference.Read(), Adapter)))
            reference.Write(Site.Layer);

        AdapterTable.Remove(Adapter);
        Site.Layer.train(Adapter.training);
    }
}
