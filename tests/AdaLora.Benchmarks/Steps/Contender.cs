using AdaLora.Adapters.FrozenWeights;
using AdaLora.Bank;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using AdaLora.Training;
using AdaLora.Transformers.Heads;
using Microsoft.Extensions.Logging.Abstractions;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Benchmarks;

/// <summary>One way to train a classifier, advanced step by step.</summary>
internal sealed class Contender : IDisposable
{
    private readonly SequenceClassifier _model;
    private readonly AdaLoraModel? _adapted;
    private readonly MethodAttachment? _prepared;
    private readonly Parameter[] _trained;
    private readonly optim.Optimizer _optimizer;
    private readonly GradientNorm? _norm;

    private readonly bool _compacts;

    private Contender(string name, SequenceClassifier model, IEnumerable<Parameter> trained, AdaLoraModel? adapted = null, bool compacts = false, MethodAttachment? prepared = null)
    {
        (Name, _model, _trained, _adapted, _compacts, _prepared) = (name, model, [.. trained], adapted, compacts, prepared);
        _optimizer = new FusedAdamW(_trained, 1e-3);
        _norm = adapted is null ? new GradientNorm(_trained) : null;
        model.train();
    }

    public string Name { get; }

    /// <param name="name">What tables call it.</param>
    /// <param name="workload">Says which model.</param>
    /// <param name="options">How to adapt it.</param>
    /// <param name="compacts">Whether pruned triplets are dropped as soon as the final pattern is settled, as the trainer does it.</param>
    /// <param name="precision">How the frozen weights are held, where the workload's element type does not say it.</param>
    public static Contender AdaLora(string name, Workload workload, Func<SequenceClassifier, AdaLoraOptions> options, bool compacts = true, BasePrecision? precision = null)
    {
        var model = workload.Model.Create(ScalarType.Float32);
        var adapted = AdaLoraModel.Attach(model, options(model) with { BasePrecision = precision ?? (workload.Base == ScalarType.BFloat16 ? BasePrecision.BFloat16 : BasePrecision.AsLoaded) });
        return new Contender(name, model, adapted.TrainableParameters, adapted, compacts);
    }

    /// <summary>A contender without a rank allocator; its weights are always fp32.</summary>
    /// <param name="name">What tables call it.</param>
    /// <param name="workload">Says which model.</param>
    /// <param name="method">How to train it.</param>
    /// <param name="rank">The rank of the adapters, if the method has some.</param>
    public static Contender Plain(string name, Workload workload, TrainingMethod method, int rank = AdapterPlan.TargetRank)
    {
        var model = workload.Model.Create(ScalarType.Float32);
        var prepared = method.Attach(BaseModel.Of(model), AdapterPlan.Settings(method, rank, workload.Dropout), NullLogger.Instance);
        return new Contender(name, model, model.parameters().Where(p => p.requires_grad), prepared: prepared);
    }

    /// <summary>A whole training step: forward, backward, clipping, optimiser, and for AdaLoRA regulariser and allocator.</summary>
    public void Step(StepInputs inputs)
    {
        using var scope = NewDisposeScope();
        _optimizer.zero_grad();
        _model.Loss(_model.call(inputs.Ids, inputs.Mask, inputs.Types), inputs.Labels).backward();
        _norm?.Measure(1.0);
        _adapted?.BeforeOptimizerStep(1.0);
        _optimizer.step();
        _adapted?.AfterOptimizerStep();
        if (_compacts && _adapted is { IsPatternFinal: true, IsCompacted: false })
            _adapted.Compact(_optimizer);
    }

    /// <summary>What the adapters take in memory now.</summary>
    /// <exception cref="InvalidOperationException">The contender is not one of AdaLoRA's.</exception>
    public AdapterState MeasureState() =>
        AdapterState.Of(_adapted ?? throw new InvalidOperationException($"{Name} has no triplets."), _optimizer);

    public void Dispose()
    {
        _optimizer.Dispose();
        _norm?.Dispose();
        _adapted?.Detach();
        _prepared?.Dispose();
        _model.Dispose();
    }
}
