using AdaLora.Benchmarks;
using AdaLora.Training;
using AdaLora.Transformers.Heads;
using static TorchSharp.torch;

namespace AdaLora.GpuCheck;

/// <summary>A training in the budgeting phase, with a mask at every step, whose step is made part by part.</summary>
internal sealed class StepParts : IDisposable
{
    private readonly SequenceClassifier _model;
    private readonly AdaLoraModel _adapted;
    private readonly FusedAdamW _optimizer;
    private Tensor? _loss;

    public StepParts(CardModel card, ScalarType dtype)
    {
        _model = card.Create(dtype);
        _adapted = AdaLoraModel.Attach(_model, AdapterPlan.Budgeting(_model, CardModel.Dropout, maskInterval: 1));
        _optimizer = new FusedAdamW(_adapted.TrainableParameters, 1e-3);
        _model.train();
    }

    /// <summary>The number of adapters.</summary>
    public int Adapters => _adapted.Adapters.Count;

    /// <summary>The parts of a step in their order. All of them belong into one dispose scope.</summary>
    /// <param name="inputs">The batch.</param>
    /// <returns>The name of each, whether it is the allocator's work or the regulariser's, and what to do.</returns>
    public IReadOnlyList<(string Name, bool IsOwn, Action Do)> Of(StepInputs inputs) =>
    [
        ("gradients to zero", false, () => _optimizer.zero_grad()),
        ("forward", false, () => _loss = _model.Loss(_model.call(inputs.Ids, inputs.Mask, inputs.Types), inputs.Labels)),
        ("backward", false, () => _loss!.backward()),
        ("regulariser, norm, clipping", true, () => _adapted.BeforeOptimizerStep(1.0)),
        ("AdamW", false, () => _optimizer.step()),
        ("allocator", true, _adapted.AfterOptimizerStep),
    ];

    public void Dispose()
    {
        _optimizer.Dispose();
        _adapted.Detach();
        _adapted.Dispose();
        _model.Dispose();
    }
}
