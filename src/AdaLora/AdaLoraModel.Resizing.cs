using AdaLora.Allocation;
using AdaLora.Bank;
using AdaLora.Training;
using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace AdaLora;

/// <content>Which triplets are held, and the optimiser that follows.</content>
public sealed partial class AdaLoraModel
{
    /// <summary>
    /// Drops the pruned triplets permanently once the pattern is final: memory, step time and counts become those of the live ranks. The model's output stays the same; the orthogonality
    /// penalty no longer counts the dropped triplets. Call it between two steps.
    /// </summary>
    /// <param name="optimizer">The optimiser that trains <see cref="TrainableParameters"/>, whose moments shrink as well; null when training is over, or if <see cref="UseOptimizer"/> has
    /// named it.</param>
    /// <exception cref="InvalidOperationException">The pattern is not settled yet, a step is under way, or the adapters are merged.</exception>
    /// <exception cref="NotSupportedException">The optimiser's state cannot be adjusted. Nothing was changed.</exception>
    /// <exception cref="ArgumentException">The optimiser trains other parameters. Nothing was changed.</exception>
    public void Compact(optim.Optimizer? optimizer = null)
    {
        using var guard = _activity.Gate.Change("compacted");
        RequireUnmerged("compacted");
        if (_betweenCalls || _allocator is not { IsPatternFinal: true } allocator)
            throw new InvalidOperationException("Ranks can only be compacted once the pattern is final, between two steps.");
        if (allocator.IsCompacted)
            return;

        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        _binder.Settle();
        var steps = new Transition();
        var change = _bank.Resize(_bank.Roster.Resize(allocator.ReadSurvivors()), values: null, steps);
        allocator.Compact(steps);
        if (optimizer is not null && !ReferenceEquals(optimizer, _optimizer?.Optimizer))
            Follower(optimizer).Follow(change, steps);
        steps.Run();
        WriteWeights();
        LogCompacted(_logger, change.Former.Elements, change.Layout.Elements);
    }

    /// <summary>
    /// Names the optimiser that trains <see cref="TrainableParameters"/>, so that its state for each triplet follows whenever triplets are dropped, added or restored, and gives it the learning
    /// rates of <see cref="AdaLoraOptions.LearningRateFactors"/>. <see cref="Trainer"/> calls this itself; in a custom loop whose factors are 1 the optimiser may instead be passed to
    /// <see cref="Compact"/>. The caller keeps owning the optimiser.
    /// </summary>
    /// <param name="optimizer">The optimiser; null when it no longer trains, for example before it is disposed.</param>
    /// <exception cref="NotSupportedException">The optimiser's state cannot be adjusted; see <see cref="IOptimizerState"/>. Or the optimiser has no learning rates for parts of triplets, which
    /// <see cref="AdaLoraOptions.LearningRateFactors"/> ask for.</exception>
    /// <exception cref="ArgumentException">The optimiser trains other parameters.</exception>
    public void UseOptimizer(optim.Optimizer? optimizer)
    {
        var next = optimizer is null ? null : Follower(optimizer);
        if (next is not null)
            RequireState();
        next?.Require();
        if (_optimizer is { } former)
            _bank.RemoveFollower(former);
        if (next is not null)
            _bank.AddFollower(next);
        _optimizer = next;
        next?.UseRates();
    }

    private OptimizerFollower Follower(optim.Optimizer optimizer) => new(optimizer, _bank, _parts, Options.LearningRateFactors);

    /// <summary>Reverts <see cref="UseOptimizer"/>, unless another optimiser has been named since.</summary>
    internal void ForgetOptimizer(optim.Optimizer optimizer)
    {
        if (ReferenceEquals(_optimizer?.Optimizer, optimizer))
            UseOptimizer(null);
    }

    /// <summary>Drops and adds the triplets that a strategy has chosen.</summary>
    internal void Move(Allotment allotment)
    {
        var allocator = _allocator!;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        _binder.Settle();
        var steps = new Transition();
        _bank.Resize(_bank.Roster.Resize(allotment.Kept, allotment.Added), values: null, steps);
        allocator.Follow(allotment, steps);
        steps.Run();
        var added = allotment.Added.Values.Sum();
        if (_logger.IsEnabled(LogLevel.Debug))
            LogMoved(_logger, Step + 1, allotment.Kept.Count(k => !k), added, string.Join(", ", allotment.Added.Keys.Order(StringComparer.Ordinal)), allocator.LiveTriplets);
    }

    [LoggerMessage(EventId = 17, Level = LogLevel.Debug, Message = "Step {Step}: dropped {Dropped} triplets and added {Added}, to {Modules}; {Live} live")]
    private static partial void LogMoved(ILogger logger, long step, int dropped, int added, string modules, int live);

    [LoggerMessage(EventId = 4, Level = LogLevel.Information, Message = "Compacted the adapters from {Before} to {After} parameters")]
    private static partial void LogCompacted(ILogger logger, long before, long after);
}
