using AdaLora.Injection;
using AdaLora.Targeting;
using AdaLora.Transformers.Heads;
using static TorchSharp.torch;

namespace AdaLora.Glue;

/// <summary>A frozen encoder with adapters around some of its layers; the head is trained in full beside them.</summary>
internal class InjectedPrepared : PlainPrepared
{
    /// <param name="model">The classifier.</param>
    /// <param name="targets">The layers that get adapters.</param>
    /// <param name="create">Makes the adapter around a layer.</param>
    public InjectedPrepared(SequenceClassifier model, TargetModules targets, Func<InjectionSite, nn.Module<Tensor, Tensor>> create)
        : base(model)
    {
        var sites = AdapterInjector.Find(model, targets).GetSitesOrThrow();
        TrainableSelection.Select(model, sites, AdaptedParts.HeadOf(model).Select(h => h.name), BiasTraining.None).Freeze();
        Injection = AdapterInjector.Inject(model, sites, create);
    }

    protected InjectedLayers Injection { get; }

    public override void Dispose()
    {
        Injection.Detach();
        foreach (var adapter in Injection.Adapters)
            adapter.Dispose();
    }
}
