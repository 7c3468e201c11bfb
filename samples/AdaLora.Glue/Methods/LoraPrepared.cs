using AdaLora.Transformers.Models;

namespace AdaLora.Glue;

/// <summary>Plain LoRA at the target rank.</summary>
internal sealed class LoraPrepared(SequenceClassifier model, TrainSettings settings)
    : InjectedPrepared(model, AdaptedParts.TargetsOf(settings), site => new LoraLinear(site, settings.TargetRank, settings.Alpha, settings.Dropout))
{
    private readonly int _rank = settings.TargetRank;

    public override IReadOnlyList<ModuleRank> Ranks => [.. Injection.Sites.Select(s => new ModuleRank(s.Path, _rank, _rank))];

    public override void Merge()
    {
        foreach (var adapter in Injection.Adapters.Cast<LoraLinear>())
            adapter.Merge();
        Injection.Detach();
    }
}
