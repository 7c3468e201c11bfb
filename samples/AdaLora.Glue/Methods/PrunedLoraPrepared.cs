using AdaLora.Allocation;
using AdaLora.Transformers.Heads;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Glue;

/// <summary>LoRA whose doublets, a column of B with its row of A, are pruned on AdaLoRA's schedule by AdaLoRA's score: the ablation in section 4.4 of the paper.</summary>
internal sealed class PrunedLoraPrepared(SequenceClassifier model, TrainSettings settings) : LoraPrepared(model, settings, settings.InitialRank, canBePruned: true)
{
    private readonly TrainSettings _settings = settings;

    public override long TrainableParameters => base.TrainableParameters - Adapters.Sum(adapter => (_settings.InitialRank - adapter.ReadLiveRank()) * adapter.DoubletSize);

    public override Func<IReadOnlyList<Parameter>, double, optim.Optimizer> OptimizerFor(int totalSteps)
    {
        var doublets = Adapters.Select(adapter => adapter.Doublets!).ToList();
        var schedule = new BudgetSchedule(
            doublets.Count * _settings.InitialRank,
            doublets.Count * _settings.TargetRank,
            totalSteps,
            _settings.InitialPhase.ToPhaseLength().In(totalSteps),
            _settings.FinalPhase.ToPhaseLength().In(totalSteps),
            _settings.DeltaT);
        return (trained, learningRate) => new PruningAdamW(trained, learningRate, _settings.WeightDecay, new DoubletPruner(doublets, schedule));
    }
}
