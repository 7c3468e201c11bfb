using AdaLora.Transformers.Models;
using static TorchSharp.torch;

namespace AdaLora.Benchmarks;

/// <summary>One way to train a classifier, advanced step by step.</summary>
internal sealed class Contender : IDisposable
{
    private readonly SequenceClassifier _model;
    private readonly AdaLoraModel? _adapted;
    private readonly IDisposable? _adapters;
    private readonly optim.Optimizer _optimizer;

    public Contender(string name, SequenceClassifier model, AdaLoraModel adapted)
    {
        (Name, _model, _adapted) = (name, model, adapted);
        _optimizer = optim.AdamW(adapted.TrainableParameters, 1e-3, weight_decay: 0.01);
        model.train();
    }

    public Contender(string name, SequenceClassifier model, IDisposable? adapters)
    {
        (Name, _model, _adapters) = (name, model, adapters);
        _optimizer = optim.AdamW(model.parameters().Where(p => p.requires_grad).ToArray(), 1e-3, weight_decay: 0.01);
        model.train();
    }

    public string Name { get; }

    /// <summary>A whole training step: forward, backward, clipping, optimiser, and for AdaLoRA regulariser and allocator.</summary>
    public void Step(StepInputs inputs)
    {
        using var scope = NewDisposeScope();
        _optimizer.zero_grad();
        _model.Loss(_model.call(inputs.Ids, inputs.Mask, inputs.Types), inputs.Labels).backward();
        if (_adapted is null)
            nn.utils.clip_grad_norm_(_model.parameters().Where(p => p.requires_grad).ToArray(), 1.0);
        else
            _adapted.BeforeOptimizerStep(1.0);
        _optimizer.step();
        _adapted?.AfterOptimizerStep();
        if (_adapted is { IsFrozen: true, IsCompacted: false })
            _adapted.Compact(_optimizer);
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _adapted?.Detach();
        _adapters?.Dispose();
        _model.Dispose();
    }
}
