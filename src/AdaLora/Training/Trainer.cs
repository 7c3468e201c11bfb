using AdaLora.Training.Checkpoints;
using AdaLora.Training.Data;
using AdaLora.Training.Progress;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using static TorchSharp.torch;

namespace AdaLora.Training;

/// <summary>
/// A synchronous training loop, on the model's device. It owns the optimiser and runs the adapters' regulariser and allocator once per optimiser step.
/// A trainer trains only once. Not thread-safe.
/// </summary>
public sealed class Trainer : IDisposable
{
    private readonly TrainingTarget _target;
    private readonly TrainerOptions _options;
    private readonly ILogger _logger;
    private readonly optim.Optimizer _optimizer;
    private readonly IReadOnlyList<double> _learningRates;
    private readonly LossScale _scale;
    private readonly BestWeights _best;
    private bool _used;
    private volatile int _runningThread;

    /// <summary>Trains the adapters of an <see cref="AdaLoraModel"/>, and whatever else <see cref="AdaLoraModel.TrainableParameters"/> lists.</summary>
    /// <exception cref="ArgumentException">The options are not valid, or do not fit the adapters' schedule or a model in float16.</exception>
    public Trainer(ITrainable adapted, TrainerOptions options, ILogger? logger = null)
        : this((adapted ?? throw new ArgumentNullException(nameof(adapted))).AsTrainingTarget(), options, logger)
    {
    }

    /// <summary>Trains those parameters of a model that require gradients.</summary>
    /// <exception cref="ArgumentException">The options are not valid or do not fit a model in float16, or no parameter requires a gradient.</exception>
    public Trainer(nn.Module model, TrainerOptions options, ILogger? logger = null)
        : this(new PlainTarget(model ?? throw new ArgumentNullException(nameof(model))), options, logger)
    {
    }

    private Trainer(TrainingTarget target, TrainerOptions options, ILogger? logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _scale = options.LossScale.For(target.Model);
        if (_scale.IsDynamic && !options.SkipNonFiniteSteps)
        {
            throw new ArgumentException(
                $"The model has float16 weights, so its loss is scaled by a number that adapts to skipped steps, but {nameof(TrainerOptions)}.{nameof(TrainerOptions.SkipNonFiniteSteps)} is off. Turn it on, or set {nameof(TrainerOptions.LossScale)} to {nameof(LossScale)}.{nameof(LossScale.None)}.",
                nameof(options));
        }

        target.Begin(options.TotalSteps);
        _target = target;
        _options = options;
        _logger = options.Group.Rank == 0 && logger is not null ? logger : NullLogger.Instance;
        _optimizer = options.OptimizerFactory is { } make
            ? make(target.Parameters, options.LearningRate)
            : new FusedAdamW(target.Parameters, options.LearningRate, options.AdamBeta1, options.AdamBeta2, options.AdamEpsilon, options.WeightDecay);
        try
        {
            target.Use(_optimizer);
        }
        catch
        {
            _optimizer.Dispose();
            throw;
        }

        _learningRates = [.. _optimizer.ParamGroups.Select(g => g.LearningRate)];
        _best = new BestWeights(target);
    }

    /// <summary>
    /// Trains until all steps are done, cancellation is requested, or the score stops improving. Afterwards the model is in training mode, even after an exception: call <c>model.eval()</c>
    /// before using it.
    /// </summary>
    /// <param name="batches">
    /// Enumerated again for each epoch, so it may shuffle each time. Tensors created while a batch is enumerated are freed once the batch has been used;
    /// batches must not keep such tensors for later.
    /// </param>
    /// <param name="loss">
    /// The task loss of a batch: a scalar that requires gradients. With <see cref="TrainerOptions.GradientAccumulation"/> a step takes the mean of its batches' losses, whatever their sizes;
    /// if the number of items differs between batches, return a <see cref="LossSum"/>. The orthogonality penalty is not part of it.
    /// </param>
    /// <param name="evaluate">Called in evaluation mode without gradients; returns the score that determines the best weights.</param>
    /// <param name="size">The size of a batch, for throughput figures.</param>
    /// <param name="progress">Receives a report every <see cref="TrainerOptions.ReportEvery"/> steps and after each evaluation, on this thread unless it is a <see cref="Progress{T}"/>.</param>
    /// <param name="cancellation">Ends the training after the current step.</param>
    /// <exception cref="ArgumentException"><see cref="TrainerOptions.Patience"/> or <see cref="TrainerOptions.EvaluateEvery"/> is set without an <paramref name="evaluate"/>.</exception>
    /// <exception cref="InvalidOperationException">
    /// The trainer was used before, there are no batches, a loss is not a scalar with a gradient, an adapter takes no part, or the checkpoint folder holds checkpoints that are not to be resumed.
    /// </exception>
    /// <exception cref="NotSupportedException">Checkpoints are requested, but the optimiser's state is inaccessible.</exception>
    /// <exception cref="InvalidDataException">No checkpoint is intact, or the newest intact one was made with other settings; the differences are listed.</exception>
    /// <exception cref="IOException">The checkpoint folder cannot be created. Once training has begun, a checkpoint that cannot be written is logged, and training continues.</exception>
    public TrainingResult Fit<TBatch>(
        IEnumerable<TBatch> batches,
        Func<TBatch, Tensor> loss,
        Func<double>? evaluate = null,
        Func<TBatch, BatchSize>? size = null,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return Train(batches, (run, batch) => run.Accumulate(loss(batch)), "a mean per batch", evaluate, size, progress, cancellation);
    }

    /// <summary>
    /// Trains with losses that are sums over the items of a batch, such as its tokens: an optimiser step divides by the total count of its batches. Otherwise like the other <c>Fit</c>.
    /// </summary>
    /// <param name="batches">As in the other <c>Fit</c>.</param>
    /// <param name="loss">The task loss of a batch as a sum, with the number of items it covers. The orthogonality penalty is not part of it.</param>
    /// <param name="evaluate">As in the other <c>Fit</c>.</param>
    /// <param name="size">As in the other <c>Fit</c>.</param>
    /// <param name="progress">As in the other <c>Fit</c>. Reported losses are means per item.</param>
    /// <param name="cancellation">As in the other <c>Fit</c>.</param>
    /// <inheritdoc cref="Fit{TBatch}(IEnumerable{TBatch}, Func{TBatch, Tensor}, Func{double}, Func{TBatch, BatchSize}, IProgress{TrainingProgress}, CancellationToken)" path="/exception"/>
    public TrainingResult Fit<TBatch>(
        IEnumerable<TBatch> batches,
        Func<TBatch, LossSum> loss,
        Func<double>? evaluate = null,
        Func<TBatch, BatchSize>? size = null,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return Train(batches, (run, batch) => run.Accumulate(loss(batch)), "a sum per batch", evaluate, size, progress, cancellation);
    }

    private TrainingResult Train<TBatch>(
        IEnumerable<TBatch> batches,
        Action<TrainingRun, TBatch> accumulate,
        string losses,
        Func<double>? evaluate,
        Func<TBatch, BatchSize>? size,
        IProgress<TrainingProgress>? progress,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(batches);
        RequireEvaluation(evaluate);
        if (_used)
            throw new InvalidOperationException("A trainer trains once; create a new one for another run.");
        using var hold = _target.Hold();
        // Another trainer may have been created for the same model since.
        _target.Use(_optimizer);
        RunIdentity Identify() => RunIdentity.Of(_target, _options, _optimizer, losses, _scale);
        using var checkpoints = KeepCheckpoints(Identify);
        _used = true;
        if (_options.Seed is { } seed)
            manual_seed(seed).Dispose();

        using var running = new Running(this);
        using var run = new TrainingRun(_target, _options, _optimizer, _learningRates, _scale, _best, checkpoints, Identify, evaluate, _options.Group.Rank == 0 ? progress : null, _logger);
        return run.Execute(batches, batch => accumulate(run, batch), size, cancellation);
    }

    /// <summary>
    /// Restores the weights of the best evaluation, with their ranks and the model's buffers. If <see cref="TrainerOptions.BestBeforeFinal"/> allowed best weights whose ranks were not
    /// final, they are not final afterwards either: <see cref="AdaLoraModel.Finish"/> prunes them to the budget.
    /// </summary>
    /// <returns>Whether there were any.</returns>
    /// <exception cref="InvalidOperationException">The adapters are merged or not the selected ones of their set, a step is in progress, or the model was moved. Nothing was changed.</exception>
    public bool RestoreBest()
    {
        if (!_best.IsPresent)
            return false;
        _best.Restore();
        return true;
    }

    private void RequireEvaluation(Func<double>? evaluate)
    {
        if (evaluate is null && (_options.Patience is not null || _options.EvaluateEvery is not null))
        {
            var option = _options.Patience is not null ? nameof(TrainerOptions.Patience) : nameof(TrainerOptions.EvaluateEvery);
            throw new ArgumentException($"{nameof(TrainerOptions)}.{option} is set, but there is nothing to evaluate with. Give {nameof(Fit)} an evaluation, or leave the option unset.",
                nameof(evaluate));
        }
    }

    private CheckpointKeeper? KeepCheckpoints(Func<RunIdentity> identify)
    {
        if (_options.Checkpoints is not { } options)
            return null;
        OptimizerState.Require(_optimizer);
        return _options.Group.Rank == 0 ? new CheckpointKeeper(options, identify(), _logger) : null;
    }

    /// <summary>Frees the optimiser's state and the best weights. The caller still owns model and adapters.</summary>
    /// <exception cref="InvalidOperationException">The training is running on another thread.</exception>
    public void Dispose()
    {
        if (_runningThread is not 0 and var thread && thread != Environment.CurrentManagedThreadId)
            throw new InvalidOperationException($"The trainer cannot be disposed: {nameof(Fit)} is running on another thread. Wait until it has returned.");
        _target.Forget(_optimizer);
        _best.Dispose();
        _target.Dispose();
        _optimizer.Dispose();
    }

    private sealed class Running : IDisposable
    {
        private readonly Trainer _trainer;

        public Running(Trainer trainer)
        {
            _trainer = trainer;
            _trainer._runningThread = Environment.CurrentManagedThreadId;
        }

        public void Dispose() => _trainer._runningThread = 0;
    }
}
