using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace AdaLora.Training;

/// <summary>One call of <see cref="Trainer.Fit"/>: the loop and its counters.</summary>
internal sealed class TrainingRun(
    TrainingTarget target,
    TrainerOptions options,
    optim.Optimizer optimizer,
    double[] learningRates,
    BestWeights best,
    Func<double>? evaluate,
    IProgress<TrainingProgress>? progress,
    ILogger logger)
{
    private readonly StepTimer _timer = new();
    private readonly LossMeter _losses = new();
    private readonly EvaluationLog _evaluations = new(options.HigherIsBetter, options.Patience);
    private readonly List<TrainingProgress> _history = [];
    private readonly long _warmup = options.Warmup.In(options.TotalSteps);
    private long _step;
    private int _epoch;
    private int _pending;
    private long _skipped;
    private int _skippedInARow;
    private bool _compact = options.CompactAfterFreeze;

    public TrainingResult Execute<TBatch>(IEnumerable<TBatch> batches, Func<TBatch, Tensor> loss, Func<TBatch, BatchSize>? size, CancellationToken cancellation)
    {
        TrainingLog.Started(logger, options.TotalSteps, target.Parameters.Sum(p => p.numel()));
        target.Model.train();
        optimizer.zero_grad();
        StopReason? stop = null;
        while (stop is null)
        {
            _epoch++;
            stop = Pass(batches, loss, size, cancellation);
        }

        if (_history.Count == 0 || _history[^1].Step != _step)
            Report();
        _losses.Dispose();
        TrainingLog.Ended(logger, stop.Value, _step, _timer.Elapsed);
        return new TrainingResult
        {
            StopReason = stop.Value,
            Steps = _step,
            TotalSteps = options.TotalSteps,
            SkippedSteps = _skipped,
            Evaluations = _evaluations.All,
            Best = _evaluations.Best,
            History = _history,
            StepMilliseconds = _timer.StepMilliseconds,
            Elapsed = _timer.Elapsed,
        };
    }

    private StopReason? Pass<TBatch>(IEnumerable<TBatch> batches, Func<TBatch, Tensor> loss, Func<TBatch, BatchSize>? size, CancellationToken cancellation)
    {
        using var enumerator = batches.GetEnumerator();
        var any = false;
        while (true)
        {
            if (cancellation.IsCancellationRequested && _pending == 0)
                return StopReason.Cancelled;

            using var scope = NewDisposeScope();
            if (!enumerator.MoveNext())
                break;
            any = true;
            _timer.Resume();
            Accumulate(loss(enumerator.Current));
            if (_pending == options.GradientAccumulation)
                OptimizerStep();
            _timer.Pause(size?.Invoke(enumerator.Current) ?? default);
            if (_pending > 0)
                continue;

            _timer.EndStep();
            if (AfterStep() is { } stop)
                return stop;
        }

        if (!any)
            throw new InvalidOperationException("There are no batches to train on. If the sequence can only be enumerated once, give one that can be enumerated for each pass.");
        return options.EvaluateEvery is null && _pending == 0 ? Evaluate() : null;
    }

    private void Accumulate(Tensor loss)
    {
        if (loss.numel() != 1 || !loss.requires_grad)
            throw new InvalidOperationException(
                $"The loss has shape ({string.Join(", ", loss.shape)}) and {(loss.requires_grad ? "requires" : "does not require")} a gradient; a scalar that depends on trained parameters is needed.");
        _losses.Add(loss);
        (options.GradientAccumulation == 1 ? loss : loss.div(options.GradientAccumulation)).backward();
        _pending++;
    }

    private void OptimizerStep()
    {
        _pending = 0;
        target.BeforeOptimizerStep(options.MaxGradientNorm);
        var factor = options.Decay.FactorAt(_step, options.TotalSteps, _warmup);
        foreach (var (group, rate) in optimizer.ParamGroups.Zip(learningRates))
            group.LearningRate = rate * factor;

        if (!options.SkipNonFiniteSteps || target.ReadGradientsAreFinite())
        {
            optimizer.step();
            _skippedInARow = 0;
        }
        else
        {
            _skipped++;
            _skippedInARow++;
            TrainingLog.StepSkipped(logger, _step + 1);
        }

        target.AfterOptimizerStep();
        optimizer.zero_grad();
        if (_compact)
            Compact();
        _step++;
    }

    private void Compact()
    {
        try
        {
            target.Compact(optimizer);
        }
        catch (NotSupportedException e)
        {
            _compact = false;
            TrainingLog.NotCompacted(logger, e.Message);
        }
    }

    private StopReason? AfterStep()
    {
        if (_skippedInARow >= options.MaxSkippedInARow)
            return StopReason.Diverged;
        var isLast = _step == options.TotalSteps;
        // The last evaluation sees the final pattern.
        if (isLast)
            target.Finish();
        if (isLast || _step % options.ReportEvery == 0)
            Report();
        var isDue = isLast || (options.EvaluateEvery is { } every && _step % every == 0);
        var early = isDue ? Evaluate() : null;
        return isLast ? StopReason.Completed : early;
    }

    private StopReason? Evaluate()
    {
        if (evaluate is null)
            return null;

        double score;
        using (NewDisposeScope())
        using (no_grad())
        {
            target.Model.eval();
            score = evaluate();
            target.Model.train();
        }

        var evaluation = new Evaluation(_step, _epoch, score);
        if (_evaluations.Add(evaluation) && options.KeepBest)
            best.Keep();
        TrainingLog.Evaluated(logger, _step, score, _evaluations.Best?.Score ?? double.NaN);
        Report();
        return _evaluations.OutOfPatience ? StopReason.NoImprovement : null;
    }

    private void Report()
    {
        if (_history.Count > 0 && _history[^1].Step == _step)
        {
            // Already told, before the evaluation that belongs to the same step.
            _history[^1] = _history[^1] with { LatestEvaluation = _evaluations.Latest };
            progress?.Report(_history[^1]);
            return;
        }

        var report = _timer.Describe(target.Describe(new TrainingProgress
        {
            Step = _step,
            TotalSteps = options.TotalSteps,
            Epoch = _epoch,
            Loss = _losses.ReadMean(),
            LearningRate = optimizer.ParamGroups.First().LearningRate,
            SkippedSteps = _skipped,
            LatestEvaluation = _evaluations.Latest,
        }));
        _history.Add(report);
        TrainingLog.Progress(
            logger, report.Step, report.TotalSteps, report.Loss, report.Penalty, report.Budget, report.LiveTriplets, report.LearningRate, report.SamplesPerSecond, report.TokensPerSecond, report.Remaining);
        progress?.Report(report);
    }
}
