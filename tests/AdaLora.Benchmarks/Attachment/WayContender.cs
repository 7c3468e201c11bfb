using AdaLora.Bank;
using AdaLora.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Benchmarks;

/// <summary>A model that is trained with adapters attached in one way, or in full, advanced step by step.</summary>
internal sealed class WayContender : IDisposable
{
    private readonly nn.Module _model;
    private readonly AdaLoraModel? _adapted;
    private readonly Func<Tensor> _loss;
    private readonly optim.Optimizer _optimizer;
    private readonly GradientNorm? _norm;

    /// <param name="name">What tables call it.</param>
    /// <param name="model">A model of its own.</param>
    /// <param name="options">How to adapt it; null to train it in full.</param>
    /// <param name="loss">The loss of the batch.</param>
    public WayContender(string name, nn.Module model, AdaLoraOptions? options, Func<Tensor> loss)
    {
        (Name, _model, _loss) = (name, model, loss);
        _adapted = options is null ? null : AdaLoraModel.Attach(model, options);
        Parameter[] trained = [.. _adapted?.TrainableParameters ?? model.parameters()];
        _optimizer = new FusedAdamW(trained, 1e-4);
        _norm = _adapted is null ? new GradientNorm(trained) : null;
        model.train();
    }

    public string Name { get; }

    /// <summary>A whole training step.</summary>
    public void Step()
    {
        using var scope = NewDisposeScope();
        _optimizer.zero_grad();
        _loss().backward();
        _norm?.Measure(1.0);
        _adapted?.BeforeOptimizerStep(1.0);
        _optimizer.step();
        _adapted?.AfterOptimizerStep();
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _norm?.Dispose();
        _adapted?.Detach();
        _model.Dispose();
    }
}
