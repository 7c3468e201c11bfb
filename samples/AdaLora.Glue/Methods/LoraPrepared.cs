using AdaLora.Transformers.Heads;

namespace AdaLora.Glue;

/// <summary>Plain LoRA.</summary>
internal class LoraPrepared(SequenceClassifier model, TrainSettings settings, int rank, bool canBePruned = false)
    : InjectedPrepared(model, AdaptedParts.TargetsOf(settings), site => new LoraLinear(site, rank, settings.Alpha, settings.Dropout, canBePruned))
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
