using AdaLora.Allocation;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Experiments.Methods;

/// <summary>LoRA whose doublets, a column of B with its row of A, are pruned on AdaLoRA's schedule by AdaLoRA's score: the ablation in section 4.4 of the paper.</summary>
internal sealed class PrunedLoraAttachment(BaseModel model, RunSettings settings) : LoraAttachment(model, settings, settings.Get(RunOptions.InitialRank), canBePruned: true)
{
    private readonly RunSettings _settings = settings;

    public override long TrainableParameters => base.TrainableParameters - Adapters.Sum(adapter => (_settings.Get(RunOptions.InitialRank) - adapter.ReadLiveRank()) * adapter.DoubletSize);

    public override Func<IReadOnlyList<Parameter>, double, optim.Optimizer> OptimizerFor(int totalSteps)
    {
        var doublets = Adapters.Select(adapter => adapter.Doublets!).ToList();
        var schedule = new BudgetSchedule(
            doublets.Count * _settings.Get(RunOptions.InitialRank),
            doublets.Count * _settings.Get(RunOptions.TargetRank),
            totalSteps,
            _settings.Get(RunOptions.InitialPhase).ToPhaseLength().In(totalSteps),
            _settings.Get(RunOptions.FinalPhase).ToPhaseLength().In(totalSteps),
            _settings.Get(RunOptions.MaskInterval));
        return (trained, learningRate) => new PruningAdamW(Groups(trained, learningRate), learningRate, _settings.Get(RunOptions.WeightDecay), new DoubletPruner(doublets, schedule));
    }
}
