using AdaLora.Allocation;
using AdaLora.Internals;
using AdaLora.Processes;
using AdaLora.Training;
using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace AdaLora;

/// <content>The calls a training loop makes.</content>
public sealed partial class AdaLoraModel
{
    /// <summary>Sets the total number of optimiser steps, from which the phases of the schedule follow. Call it once, before the first step.</summary>
    /// <param name="totalSteps">T, at least 1.</param>
    /// <exception cref="InvalidOperationException">Training has begun with another number of steps, or the adapters are merged.</exception>
    /// <exception cref="ArgumentException">The phases do not fit into this many steps, or the target budget exceeds the initial one.</exception>
    public void Begin(long totalSteps)
    {
        using var guard = _activity.Gate.Change("trained");
        RequireUnmerged("trained");
        RequireInPlace();
        if (_allocator is { } present)
        {
            if (present.Schedule.TotalSteps == totalSteps)
                return;
            if (Step > 0)
                throw new InvalidOperationException($"The schedule was made for {present.Schedule.TotalSteps} steps, of which {Step} are done; it cannot change to {totalSteps}.");
        }

        var schedule = Options.ScheduleFor(_bank.Layout, _terms, totalSteps);
        if (_allocator is { } former)
        {
            _bank.RemoveFollower(former);
            former.Free();
        }

        _allocator = new RankAllocator(_bank, schedule, _tracker, Options.Score, Options.Allocation, _terms);
        _bank.AddFollower(_allocator);
        foreach (var warning in OptionWarnings.Of(schedule, Options.Allocation, [.. _adapters.Where(a => a.Rank > 0).Select(a => a.Scale)]))
            LogDoubtful(_logger, warning);
    }

    /// <summary>
    /// Call between <c>loss.backward()</c> and <c>optimizer.step()</c>: adds the gradient of the orthogonality penalty, measures all gradients and clips them.
    /// Several backward passes may precede it (gradient accumulation).
    /// </summary>
    /// <param name="maxGradientNorm">If the joint norm of the gradients of <see cref="TrainableParameters"/> is larger, they are scaled down to it; null never scales.</param>
    /// <param name="scaler">What scaled the losses, or null. The scale is taken out of the gradients first, so that clipping and importance see the true ones; tell the scaler afterwards
    /// whether they were finite.</param>
    /// <param name="group">
    /// The processes that share the batches of a step, each of which calls this: gradients become the sums over all of them. Null for this one alone. All must have started from the same
    /// values, and each loss must be divided by the number of batches of all.
    /// </param>
    /// <returns>A view of the gradients, which tells whether to skip the optimiser step.</returns>
    /// <exception cref="InvalidOperationException">
    /// The total number of steps is unknown, the adapters are merged, <see cref="AfterOptimizerStep"/> was left out, an adapter received no gradient at the first step, or
    /// <see cref="UseOptimizer"/> has named no optimiser although
    /// <see cref="AdaLoraOptions.Allocation"/> adds and drops triplets, or <see cref="AdaLoraOptions.LearningRateFactors"/> are not all 1.
    /// </exception>
    public StepGradients BeforeOptimizerStep(double? maxGradientNorm = null, LossScaler? scaler = null, IProcessGroup? group = null) =>
        BeforeSharedStep(maxGradientNorm, scale: null, scaler, group ?? ProcessGroup.Single);

    /// <param name="maxGradientNorm">As above.</param>
    /// <param name="scale">The factor for the gradients of the losses before the penalty's are added, a scalar on the device; null for 1.</param>
    /// <param name="scaler">What scaled the losses, or null.</param>
    /// <param name="group">The processes whose gradients are summed before anything else.</param>
    internal StepGradients BeforeSharedStep(double? maxGradientNorm, Tensor? scale, LossScaler? scaler, IProcessGroup group)
    {
        using var guard = _activity.Gate.Change("trained");
        RequireUnmerged("trained");
        var allocator = _allocator ?? throw new InvalidOperationException(
            $"The total number of steps is not known. Set {nameof(AdaLoraOptions)}.{nameof(AdaLoraOptions.TotalSteps)} or call {nameof(Begin)}(totalSteps) before the first step.");
        if (_betweenCalls)
            throw new InvalidOperationException($"{nameof(BeforeOptimizerStep)} was called twice without {nameof(AfterOptimizerStep)} in between: the allocator would never run.");
        if (Options.Allocation.Resizes && _optimizer is null && !IsPatternFinal)
            throw new InvalidOperationException($"{nameof(AdaLoraOptions)}.{nameof(AdaLoraOptions.Allocation)} adds and drops triplets, which the optimiser has to follow. Call {nameof(UseOptimizer)}(optimizer) before the first step, or use {nameof(Trainer)}.");
        if (!Options.LearningRateFactors.AreOne && _optimizer is null)
            throw new InvalidOperationException($"{nameof(AdaLoraOptions)}.{nameof(AdaLoraOptions.LearningRateFactors)} are {Options.LearningRateFactors}, which the optimiser has to be told. Call {nameof(UseOptimizer)}(optimizer) before the first step, or use {nameof(Trainer)}.");
        if (maxGradientNorm is not (null or > 0))
            throw new ArgumentOutOfRangeException(nameof(maxGradientNorm), maxGradientNorm, "The largest gradient norm must be positive, or null.");

        RequireInPlace();
        _activity.Failure.ThrowIfAny();
        BackwardFailure.OfThread.ThrowIfAny();
        using var scope = NewDisposeScope();
        FallBack();
        ProjectGradients();
        _binder.Gather(_factors.BroughtAllGradients);
        _parts?.Bind();
        _activity.EndPass();
        _factors.BeginStep();
        _tied.Gather();
        group.AllReduce(_bank.Gradients);
        GradientSum.Over(group, [.. TrainableParameters.Skip(1)]);
        scaler?.Unscale(TrainableParameters);
        if (scale is not null)
            GradientScale.Apply(TrainableParameters, scale);
        _penalty.copy_(_regularizer.AddGradients());
        _norm.Measure(maxGradientNorm, scaler?.Float16Factor ?? 1);
        if (Options.SensitivityTiming == SensitivityTiming.BeforeOptimizerStep)
            allocator.Track(ScheduleStep, _bank.Values, _bank.Gradients, _norm.IsFinite);
        allocator.Group = group;
        _betweenCalls = true;
        return new StepGradients(_norm);
    }

    /// <summary>
    /// Call after <c>optimizer.step()</c>, even if that was skipped, and before gradients are set to zero: updates the importance of all triplets and masks those that exceed the budget.
    /// </summary>
    /// <exception cref="InvalidOperationException"><see cref="BeforeOptimizerStep"/> was not called first.</exception>
    /// <remarks>The optimiser named with <see cref="UseOptimizer"/> may throw where triplets are added or dropped: the step still counts, and everything else is as if no mask had been due.</remarks>
    public void AfterOptimizerStep()
    {
        using var guard = _activity.Gate.Change("trained");
        if (!_betweenCalls || _allocator is not { } allocator)
            throw new InvalidOperationException($"{nameof(AfterOptimizerStep)} was called without {nameof(BeforeOptimizerStep)}.");

        _betweenCalls = false;
        if (Options.SensitivityTiming == SensitivityTiming.AfterOptimizerStep)
            allocator.Track(ScheduleStep, _bank.Values, _bank.Gradients, _norm.IsFinite);
        var wasFinal = allocator.IsPatternFinal;
        try
        {
            if (allocator.Choose(ScheduleStep, _bank.Values) is { } allotment)
                Move(allotment);
            if (allocator.Mask(ScheduleStep, _bank.Values) && !wasFinal)
                LogMasked(_logger, Step + 1, allocator.LiveTriplets, _bank.Layout.Triplets, allocator.IsPatternFinal);
        }
        finally
        {
            allocator.Group = ProcessGroup.Single;
            _activity.EndPass();
            WriteWeights();
            // The step happened, whether or not its mask could be applied.
            Step++;
        }
    }

    /// <summary>
    /// Settles the final pattern if the schedule has not done so yet, and applies it: afterwards exactly the target budget is live, or as much of it as whole triplets use if it counts
    /// parameters. May be called repeatedly.
    /// </summary>
    /// <exception cref="InvalidOperationException">The allocator never ran, or the adapters are merged.</exception>
    public void Finish()
    {
        using var guard = _activity.Gate.Change("pruned");
        RequireAllocator();
        if (_allocator is not { } allocator || Step == 0)
            throw new InvalidOperationException($"There is nothing to finish: no step was taken. Call {nameof(BeforeOptimizerStep)} and {nameof(AfterOptimizerStep)} around each optimiser step.");
        RequireUnmerged("pruned");
        allocator.MakeFinal(_bank.Values);
        allocator.Mask(Math.Max(Step, allocator.Schedule.FirstFinalStep), _bank.Values);
        _activity.EndPass();
        WriteWeights();
    }

    /// <summary>bT of the options, in their unit.</summary>
    internal int TargetBudget => Options.TargetBudgetFor(_terms, _bank.Layout.Shapes);

    /// <summary>Whether the target budget leaves no triplet.</summary>
    internal bool KeepsNothing => TargetBudget < _terms.CheapestOf(_bank.Layout.Shapes);

    [LoggerMessage(EventId = 1, Level = LogLevel.Debug, Message = "Step {Step}: kept {Kept} of {Triplets} triplets (final: {Final})")]
    private static partial void LogMasked(ILogger logger, long step, int kept, int triplets, bool final);

    [LoggerMessage(EventId = 6, Level = LogLevel.Warning, Message = "{Warning}")]
    private static partial void LogDoubtful(ILogger logger, string warning);
}
