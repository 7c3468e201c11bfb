using AdaLora.Internals;
using AdaLora.Processes;
using AdaLora.Training.Progress;
using static TorchSharp.torch;

namespace AdaLora.Training;

/// <content>What is done to gradients and weights.</content>
internal sealed partial class TrainingRun
{
    /// <summary>Adds the gradients of one of the losses that make up a step; the step takes the mean of all.</summary>
    public void Accumulate(Tensor loss)
    {
        RequireLoss(loss);
        _losses.Add(loss);
        Backward(_options.GradientAccumulation == 1 ? loss : loss.Div(_options.GradientAccumulation));
    }

    /// <summary>Adds the gradients of a sum; the step divides all of them by the total count.</summary>
    public void Accumulate(LossSum loss)
    {
        RequireLoss(loss?.Sum);
        _losses.Add(loss!.Sum, loss.Count);
        _window.Add(loss.Count);
        Backward(loss.Sum);
    }

    /// <remarks>Another thread may set gradients to null meanwhile. The handles keep that from freeing what libtorch is adding to.</remarks>
    private void Backward(Tensor loss)
    {
        using var scope = NewDisposeScope();
        var handles = _target.Parameters.Select(p => p.grad).ToList();
        _scaler.Apply(loss).backward();
        GC.KeepAlive(handles);
        _counters.CountBackward();
    }

    private static void RequireLoss([System.Diagnostics.CodeAnalysis.NotNull] Tensor? loss)
    {
        if (loss is null)
            throw new InvalidOperationException("The loss is null; a scalar that depends on trained parameters is needed.");
        if (loss.numel() != 1 || !loss.requires_grad)
        {
            throw new InvalidOperationException(
                $"The loss has shape ({string.Join(", ", loss.shape)}) and {(loss.requires_grad ? "requires" : "does not require")} a gradient; a scalar that depends on trained parameters is needed.");
        }
    }

    private void OptimizerStep()
    {
        var exchange = new StepExchange(_options.Group, _cancellation.IsCancellationRequested);
        _target.BeforeOptimizerStep(_options.MaxGradientNorm, _window.TakeScale(_options.Group), _scaler, exchange);
        _isEndAgreed = exchange.IsEnd;
        SetLearningRates(_counters.Steps);
        var isSkipped = _options.SkipNonFiniteSteps && !_target.ReadGradientsAreFinite();
        if (!isSkipped)
            _optimizer.step();
        else if (_scaler.Scale > 1)
            TrainingLog.ScaledStepSkipped(_logger, _counters.Steps + 1, _scaler.Scale);
        else
            TrainingLog.StepSkipped(_logger, _counters.Steps + 1);
        _isNewlyDecided = _target.AfterOptimizerStep();
        _optimizer.zero_grad();
        _scaler.Update(!isSkipped);
        if (_compact)
            Compact();
        _counters.CountStep(isSkipped);
    }

    private void SetLearningRates(long step)
    {
        var factor = _options.Decay.FactorAt(step, _options.TotalSteps, _warmup);
        foreach (var (group, rate) in _optimizer.ParamGroups.Zip(_learningRates))
            group.LearningRate = rate * factor;
    }

    private void Compact()
    {
        try
        {
            _target.Compact(_optimizer);
        }
        catch (NotSupportedException e)
        {
            _compact = false;
            TrainingLog.NotCompacted(_logger, e.Message);
        }
    }
}
