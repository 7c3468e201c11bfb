using AdaLora.Experiments.Reports;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;

namespace AdaLora.Experiments.Methods;

/// <summary>Plain LoRA.</summary>
internal class LoraAttachment(BaseModel model, RunSettings settings, int rank, bool canBePruned = false)
    : InjectionAttachment(model, ModelParts.TargetsOf(model, settings), site => new LoraLinear(site, rank, settings.Get(RunOptions.Alpha), settings.Get(RunOptions.Dropout), canBePruned))
{
    public override IReadOnlyList<ModuleRank> Ranks => [.. Injection.Sites.Zip(Adapters, (site, adapter) => new ModuleRank(site.Path, rank, adapter.ReadLiveRank()))];

    protected IEnumerable<LoraLinear> Adapters => Injection.Adapters.Cast<LoraLinear>();

    public override void Merge()
    {
        foreach (var adapter in Adapters)
            adapter.Merge();
        Injection.Detach();
    }
}
