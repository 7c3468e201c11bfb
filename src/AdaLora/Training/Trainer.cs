using AdaLora.Training.Checkpoints;
using AdaLora.Training.Data;
using AdaLora.Training.Progress;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using static TorchSharp.torch;

namespace AdaLora.Training;

/// <summary>
/// A synchronous training loop on whatever device the model is on. It owns the optimiser and drives the adapters' regulariser and allocator, once per optimiser step.
/// One trainer trains once. Not thread-safe.
/// </summary>
public sealed class Trainer : IDisposable
{
    private readonly TrainingTarget _target;
    private readonly TrainerOptions _options;
    private readonly ILogger _logger;
    private readonly optim.Optimizer _optimizer;
    private readonly IReadOnlyList<double> _learningRates;
    private readonly BestWeights _best;
    private bool _used;
    private volatile int _runningThread;

    /// <summary>Trains the adapters of an <see cref="AdaLoraModel"/>, and what else <see cref="AdaLoraModel.TrainableParameters"/> lists.</summary>
    /// <exception cref="ArgumentException">The options are not valid, or do not fit the adapters' schedule.</exception>
    public Trainer(ITrainable adapted, TrainerOptions options, ILogger? logger = null)
        : this((adapted ?? throw new ArgumentNullException(nameof(adapted))).AsTrainingTarget(), options, logger)
    {
    }

    /// <summary>Trains the parameters of a model that require gradients.</summary>
    /// <exception cref="ArgumentException">The options are not valid, or no parameter requires a gradient.</exception>
    public Trainer(nn.Module model, TrainerOptions options, ILogger? logger = null)
        : this(new PlainTarget(model ?? throw new ArgumentNullException(nameof(model))), options, logger)
    {
    }

    private Trainer(TrainingTarget target, TrainerOptions options, ILogger? logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        target.Begin(options.TotalSteps);
        _target = target;
        _options = options;
        _logger = logger ?? NullLogger.Instance;
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
    /// Trains until all steps are done, cancellation is asked for, or the score stops improving. Afterwards the model is in training mode, also after an exception: call <c>model.eval()</c> before it is used.
    /// </summary>
    /// <param name="batches">
    /// Enumerated again for each pass, so it may shuffle each time. Tensors that a batch makes while being enumerated are freed after it was used;
    /// batches must not keep tensors for later that were made there.
    /// </param>
    /// <param name="loss">
    /// The task loss of a batch: a scalar that requires gradients. With <see cref="TrainerOptions.GradientAccumulation"/> a step takes the mean of the losses of its batches, whatever their sizes; where batches differ in what
    /// they count, give a <see cref="LossSum"/>. The orthogonality penalty is not part of it.
    /// </param>
    /// <param name="evaluate">Called in evaluation mode without gradients; returns the score that decides which weights are best.</param>
    /// <param name="size">How much work a batch is, for throughput figures.</param>
    /// <param name="progress">Told every <see cref="TrainerOptions.ReportEvery"/> steps and after each evaluation, on this thread if it is not a <see cref="Progress{T}"/>.</param>
    /// <param name="cancellation">Ends the training after the step under way.</param>
    /// <exception cref="ArgumentException"><see cref="TrainerOptions.Patience"/> or <see cref="TrainerOptions.EvaluateEvery"/> is set, but there is no <paramref name="evaluate"/>.</exception>
    /// <exception cref="InvalidOperationException">
    /// The trainer was used before, there are no batches, a loss is no scalar with a gradient, an adapter takes no part, or the folder for checkpoints holds some that are not to be resumed.
    /// </exception>
    /// <exception cref="NotSupportedException">Checkpoints are wanted, but the state of the optimiser cannot be reached.</exception>
    /// <exception cref="InvalidDataException">No checkpoint is intact, or the newest that is was made with other settings; what differs is listed.</exception>
    /// <exception cref="IOException">The folder for checkpoints cannot be made. Once training has begun, a checkpoint that cannot be written is logged, and training goes on.</exception>
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

    /// <summary>Trains with losses that are sums over what counts in a batch, such as its tokens: an optimiser step divides by all that counts in its batches. Otherwise as the other <c>Fit</c>.</summary>
    /// <param name="batches">As in the other <c>Fit</c>.</param>
    /// <param name="loss">The task loss of a batch as a sum, and how much is summed up. The orthogonality penalty is not part of it.</param>
    /// <param name="evaluate">As in the other <c>Fit</c>.</param>
    /// <param name="size">As in the other <c>Fit</c>.</param>
    /// <param name="progress">As in the other <c>Fit</c>. Losses that are reported are means over what counts.</param>
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
            throw new InvalidOperationException("A trainer trains once; make a new one for another training.");
        using var hold = _target.Hold();
        // Another trainer may have been made for the same model since.
        _target.Use(_optimizer);
        using var checkpoints = KeepCheckpoints(losses);
        _used = true;
        if (_options.Seed is { } seed)
            manual_seed(seed).Dispose();

        using var running = new Running(this);
        using var run = new TrainingRun(_target, _options, _optimizer, _learningRates, _best, checkpoints, evaluate, progress, _logger);
        return run.Execute(batches, batch => accumulate(run, batch), size, cancellation);
    }

    /// <summary>
    /// Puts the weights of the best evaluation back, with the ranks that they had and the model's buffers. If <see cref="TrainerOptions.BestBeforeFinal"/> let weights be the best whose ranks were not final, they are not
    /// final afterwards: <see cref="AdaLoraModel.Finish"/> prunes them to the budget.
    /// </summary>
    /// <returns>Whether there were any.</returns>
    /// <exception cref="InvalidOperationException">The adapters are merged or not the selected ones of their set, a step is under way, or the model was moved. Nothing was changed.</exception>
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
            throw new ArgumentException($"{nameof(TrainerOptions)}.{option} is set, but there is nothing to evaluate with. Give {nameof(Fit)} an evaluation, or leave the option out.", nameof(evaluate));
        }
    }

    private CheckpointKeeper? KeepCheckpoints(string losses)
    {
        if (_options.Checkpoints is not { } options)
            return null;
        OptimizerState.Require(_optimizer);
        return new CheckpointKeeper(options, RunIdentity.Of(_target, _options, _optimizer, losses), _logger);
    }

    /// <summary>Frees the optimiser's state and the best weights. Model and adapters are the caller's.</summary>
    /// <exception cref="InvalidOperationException">The training is running on another thread.</exception>
    public void Dispose()
    {
        if (_runningThread is not 0 and var thread && thread != Environment.CurrentManagedThreadId)
            throw new InvalidOperationException($"The trainer cannot be freed: {nameof(Fit)} is running on another thread. Wait until it has returned.");
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
