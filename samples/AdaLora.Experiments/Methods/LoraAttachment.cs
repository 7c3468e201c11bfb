using AdaLora.Experiments.Reports;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using AdaLora.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Experiments.Methods;

/// <summary>Plain LoRA.</summary>
internal class LoraAttachment(BaseModel model, RunSettings settings, int rank, bool canBePruned = false)
    : InjectionAttachment(model, ModelParts.TargetsOf(model, settings), site => new LoraLinear(site, rank, ScaleOf(settings, rank), settings.Get(RunOptions.Dropout), canBePruned))
{
    public override IReadOnlyList<ModuleRank> Ranks => [.. Injection.Sites.Zip(Adapters, (site, adapter) => new ModuleRank(site.Path, rank, adapter.ReadLiveRank()))];

    public override Func<IReadOnlyList<Parameter>, double, optim.Optimizer>? OptimizerFor(int totalSteps) => settings.Get(RunOptions.LoraPlusRatio) == 1
        ? null
        : (trained, learningRate) => new FusedAdamW(Groups(trained, learningRate), learningRate, weightDecay: settings.Get(RunOptions.WeightDecay));

    protected IEnumerable<LoraLinear> Adapters => Injection.Adapters.Cast<LoraLinear>();

    /// <summary>What is trained: everything but B in one group, and B in another where it has its own learning rate.</summary>
    protected IReadOnlyList<AdamW.ParamGroup> Groups(IReadOnlyList<Parameter> trained, double learningRate)
    {
        var ratio = settings.Get(RunOptions.LoraPlusRatio);
        if (ratio == 1)
            return [new AdamW.ParamGroup { Parameters = trained }];
        var up = Adapters.Select(adapter => adapter.Up).ToHashSet<Parameter>(ReferenceEqualityComparer.Instance);
        return
        [
            new AdamW.ParamGroup { Parameters = [.. trained.Where(p => !up.Contains(p))] },
            new AdamW.ParamGroup([.. trained.Where(up.Contains)], new AdamW.Options { LearningRate = learningRate * ratio }),
        ];
    }

    public override void Merge()
    {
        foreach (var adapter in Adapters)
            adapter.Merge();
        Injection.Detach();
    }

    private static double ScaleOf(RunSettings settings, int rank) => settings.Get(RunOptions.Alpha) / (settings.Get(RunOptions.RankStabilized) ? Math.Sqrt(rank) : rank);
}
