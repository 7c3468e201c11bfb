using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Experiments.Methods;

/// <summary>Diff pruning: a sparse change of all weights.</summary>
internal sealed class DiffPruningAttachment : WeightAttachment
{
    private const string Part = "diff_pruning";

    /// <summary>Gates move from 5 to below 0 within the first phase, however long the weights' own learning rate would take.</summary>
    private const double GateLearningRate = 0.1;

    private readonly BaseModel _model;
    private readonly RunSettings _settings;
    private readonly DiffState _state;
    private long? _fixedAfter;

    public DiffPruningAttachment(BaseModel model, RunSettings settings)
        : base(model)
    {
        (_model, _settings) = (model, settings);
        ModelParts.Train(model, _ => true);
        var seen = new HashSet<IntPtr>();
        _state = new DiffState([.. model.Module.named_parameters().Where(p => !ModelParts.IsNew(model, p.name) && seen.Add(p.parameter.Handle)).Select(p => new DiffWeight(p.name, p.parameter))]);
        model.Module.register_module(Part, _state);
    }

    /// <summary>Values, or those that are left of them; gates only decide which. The new parts are trained in full.</summary>
    public override long TrainableParameters => NewParameters + _state.Weights.Sum(weight => IsFixed ? (long)weight.Gate.count_nonzero().item<long>() : weight.Count);

    private bool IsFixed => _fixedAfter is { } steps && _state.Steps.item<long>() >= steps;

    private long NewParameters => _model.Module.named_parameters().Where(p => ModelParts.IsNew(_model, p.name)).Sum(p => p.parameter.numel());

    public override Func<IReadOnlyList<Parameter>, double, optim.Optimizer> OptimizerFor(int totalSteps)
    {
        _fixedAfter = Math.Max(1, totalSteps - _settings.Get(RunOptions.FinalPhase).ToPhaseLength().In(totalSteps));
        var pruner = new DiffPruner(_state.Weights, _state.Steps, _fixedAfter.Value, _settings.Get(RunOptions.DiffShare), _settings.Get(RunOptions.DiffPenalty));
        var gates = _state.Weights.Select(weight => weight.Gate).ToHashSet<Parameter>(ReferenceEqualityComparer.Instance);
        return (trained, learningRate) => new DiffPruningAdamW(
        [
            new AdamW.ParamGroup { Parameters = [.. trained.Where(p => !gates.Contains(p))] },
            new AdamW.ParamGroup([.. trained.Where(gates.Contains)], new AdamW.Options { LearningRate = GateLearningRate, weight_decay = 0 }),
        ], learningRate, _settings.Get(RunOptions.WeightDecay), pruner);
    }

    public override IReadOnlyList<string> Save(string folder) =>
        [SparseDeltas.Write(folder, _state.Weights), .. TrainedTensors.Write(_model.Module, folder, name => ModelParts.IsNew(_model, name))];

    public override void Merge() => Remove();

    public override void Dispose() => Remove();

    private void Remove()
    {
        _model.Module.register_module(Part, null!);
        _state.Dispose();
    }
}
