using AdaLora.Experiments.Tasks;
using AdaLora.Injection;
using AdaLora.Targeting;
using static TorchSharp.torch;

namespace AdaLora.Experiments.Methods;

/// <summary>A frozen model with adapters around some of its layers; the new parts are trained in full next to them.</summary>
internal class InjectionAttachment : WeightAttachment
{
    /// <param name="model">The model.</param>
    /// <param name="targets">The layers that get adapters.</param>
    /// <param name="create">Creates the adapter around a layer.</param>
    public InjectionAttachment(BaseModel model, TargetModules targets, Func<InjectionSite, nn.Module<Tensor, Tensor>> create)
        : base(model)
    {
        var sites = AdapterInjector.Find(model.Module, targets).GetSitesOrThrow();
        TrainableSelection.Select(model.Module, sites, model.NewParts, BiasTraining.None).Freeze();
        Injection = AdapterInjector.Inject(model.Module, sites, create);
    }

    protected InjectedLayers Injection { get; }

    public override void Dispose()
    {
        Injection.Detach();
        foreach (var adapter in Injection.Adapters)
            adapter.Dispose();
    }
}
