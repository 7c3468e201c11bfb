using AdaLora.Processes;
using AdaLora.Training.Checkpoints;
using AdaLora.Training.Data;
using AdaLora.Training.Progress;
using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace AdaLora.Training;

/// <summary>One call of <c>Trainer.Fit</c>: the loop and its counters.</summary>
internal sealed partial class TrainingRun : IDisposable
{
    private readonly TrainingTarget _target;
    private readonly TrainerOptions _options;
    private readonly optim.Optimizer _optimizer;
    private readonly IReadOnlyList<double> _learningRates;
    private readonly BestWeights _best;
    private readonly Func<double>? _evaluate;
    private readonly IProgress<TrainingProgress>? _progress;
    private readonly ILogger _logger;
    private readonly CheckpointKeeper? _checkpoints;
    private readonly StepCounters _counters = new();
    private readonly DataPosition _position = new();
    private readonly StepTimer _timer = new();
    private readonly LossMeter _losses = new();
    private readonly LossWindow _window = new();
    private readonly EvaluationLog _evaluations;
    private readonly ProgressHistory _history;
    private readonly DeviceRandomness _randomness;
    private readonly LossScaler _scaler;
    private readonly long _warmup;
    private readonly CollectionsBetweenSteps _collections;
    private readonly Func<RunIdentity> _identify;
    private bool _compact;
    private bool _bestIsUnsaved;
    private bool _isCheckpointDue;
    private CancellationToken _cancellation;
    private bool _isEndAgreed;
    private bool _isNewlyDecided;

    public TrainingRun(
        TrainingTarget target,
        TrainerOptions options,
        optim.Optimizer optimizer,
        IReadOnlyList<double> learningRates,
        LossScale scale,
        BestWeights best,
        CheckpointKeeper? checkpoints,
        Func<RunIdentity> identify,
        Func<double>? evaluate,
        IProgress<TrainingProgress>? progress,
        ILogger logger)
    {
        (_target, _options, _optimizer, _learningRates, _best) = (target, options, optimizer, learningRates, best);
        (_checkpoints, _identify, _evaluate, _progress, _logger) = (checkpoints, identify, evaluate, progress, logger);
        _evaluations = new EvaluationLog(options.HigherIsBetter, options.Patience);
        _history = new ProgressHistory(_evaluations);
        _scaler = new LossScaler(scale, optimizer);
        _randomness = new DeviceRandomness(target.Parameters);
        _warmup = options.Warmup.In(options.TotalSteps);
        _compact = options.CompactWhenFinal;
        _collections = new CollectionsBetweenSteps(options.NoGCRegionMegabytes);
    }

    /// <param name="batches">As in <see cref="Trainer"/>.</param>
    /// <param name="accumulate">Computes the loss of a batch and passes it to <see cref="Accumulate(Tensor)"/> or <see cref="Accumulate(LossSum)"/>.</param>
    /// <param name="size">As in <see cref="Trainer"/>.</param>
    /// <param name="cancellation">As in <see cref="Trainer"/>.</param>
    public TrainingResult Execute<TBatch>(IEnumerable<TBatch> batches, Action<TBatch> accumulate, Func<TBatch, BatchSize>? size, CancellationToken cancellation)
    {
        TrainingLog.Started(_logger, _options.TotalSteps, _target.Parameters.Sum(p => p.numel()));
        _cancellation = cancellation;
        var (waited, transferred) = (_options.Group.Waited, _options.Group.Transferred);
        Prepare();
        var stop = TryResume() ? EndedBefore() : null;
        TakeKey();
        while (stop is null)
            stop = Epoch(batches, accumulate, size);
        if (_history.LatestStep != _counters.Steps)
            Report();
        if (stop != StopReason.Diverged)
            Save();
        _options.Group.Barrier();
        TrainingLog.Ended(_logger, stop.Value, _counters.Steps, _timer.Elapsed);
        if (_options.Group.Size > 1)
            TrainingLog.Shared(_logger, _options.Group.Size, _options.Group.Waited - waited, _options.Group.Transferred - transferred);
        return new TrainingResult
        {
            StopReason = stop.Value,
            Steps = _counters.Steps,
            TotalSteps = _options.TotalSteps,
            SkippedSteps = _counters.Skipped,
            LossScale = _scaler.IsActive ? _scaler.Scale : null,
            Evaluations = _evaluations.All,
            Best = _evaluations.Best,
            History = _history.Reports,
            StepMilliseconds = _timer.StepMilliseconds,
            Waited = _options.Group.Waited - waited,
            Transferred = _options.Group.Transferred - transferred,
            Elapsed = _timer.Elapsed,
        };
    }

    public void Dispose()
    {
        _collections.Dispose();
        _losses.Dispose();
        _window.Dispose();
        _position.Dispose();
    }

    private void Prepare()
    {
        RequireSameness();
        using var scope = NewDisposeScope();
        using (no_grad())
        {
            foreach (var parameter in _target.Parameters)
                _options.Group.Broadcast(parameter, root: 0);
        }

        BufferExchange.Share(_options.Group, _target.Model);
        _target.Model.train();
        _optimizer.zero_grad();
    }

    private StopReason? Epoch<TBatch>(IEnumerable<TBatch> batches, Action<TBatch> accumulate, Func<TBatch, BatchSize>? size)
    {
        using var enumerator = _position.Open(batches, size);
        while (true)
        {
            if (_counters.Pending == 0 && IsCancelled)
                return StopReason.Cancelled;

            _collections.Begin();
            using var scope = NewDisposeScope();
            _position.BeginBatch();
            if (!enumerator.MoveNext())
                break;
            RequireSameBatch(enumerator.Current);
            _timer.Resume();
            _randomness.Reseed();
            if (IsForThisProcess(_counters.Pending))
                accumulate(enumerator.Current);
            else
                _counters.CountBackward();
            if (_counters.Pending == _options.GradientAccumulation)
                OptimizerStep();
            var work = size?.Invoke(enumerator.Current) ?? default;
            _timer.Pause(work);
            _position.Advance(work.Samples);
            _collections.End();
            if (_counters.Pending == 0 && AfterStep() is { } stop)
                return stop;
            _isCheckpointDue |= _options.Checkpoints?.IsDue(_position.Batches) == true;
            if ((_bestIsUnsaved || _isCheckpointDue) && CanSave)
                Save();
        }

        _collections.End();
        if (_position.IsAtStartOfEpoch)
            throw new InvalidOperationException("There are no batches to train on. If the sequence can only be enumerated once, pass one that can be enumerated for each epoch.");
        _position.CloseEpoch();
        // Backward passes still waiting for their step do not change the weights; without a step since the latest evaluation there is nothing new to evaluate.
        var early = _options.EvaluateEvery is null && _counters.Steps > (_evaluations.Latest?.Step ?? 0) ? Evaluate() : null;
        if (_bestIsUnsaved && early is null && CanSave)
            Save();
        return early;
    }

    private StopReason? AfterStep()
    {
        TrainingMetrics.RecordStep(_timer.EndStep());
        if (_counters.SkippedInARow >= _options.MaxSkippedInARow)
            return StopReason.Diverged;
        var isLast = _counters.Steps == _options.TotalSteps;
        // The last evaluation uses the final pattern.
        if (isLast)
            _target.Finish();
        if (isLast || _counters.Steps % _options.ReportEvery == 0)
            Report();
        else if (_isNewlyDecided)
            RequireEqualWeights();
        var isDue = isLast || (_options.EvaluateEvery is { } every && _counters.Steps % every == 0);
        var early = isDue ? Evaluate() : null;
        return isLast ? StopReason.Completed : early;
    }
}
