using System.Text.Json;
using AdaLora.Experiments.Reports;
using AdaLora.Training.Progress;

namespace AdaLora.Experiments.Runs;

/// <summary>Passes on the trainer's reports for display, and keeps what the trainer does not: evaluations with all their metrics, and the ranks.</summary>
internal sealed class ProgressBridge(IRunReporter reporter, Evaluator evaluator, RankWatch watch, RunDevice device, double stepsPerEpoch) : IProgress<TrainingProgress>
{
    private readonly List<TaskEvaluation> _evaluations = [];
    private readonly SortedDictionary<long, IReadOnlyList<ModuleAllocation>> _allocations = [];
    private long _lastStep;

    public IReadOnlyList<TaskEvaluation> Evaluations => _evaluations;

    public void Report(TrainingProgress value)
    {
        // A step with an evaluation is reported twice: before the evaluation and after it.
        if (value.Step > _lastStep)
        {
            if (watch.At((int)value.Step) is { } allocation)
                _allocations[value.Step] = allocation;
            reporter.Step(StatusOf(value, device.MegabytesInUse()));
        }

        _lastStep = value.Step;
        if (value.LatestEvaluation is { } latest && latest.Step == value.Step)
            Keep(value.Step);
    }

    /// <summary>Whether there was an evaluation after this step.</summary>
    public bool HasEvaluated(long step) => _evaluations.Count > 0 && _evaluations[^1].Step == step;

    /// <summary>One more evaluation, after training that was cancelled between two.</summary>
    public void Tell(long step, Func<double> evaluate)
    {
        evaluate();
        Keep(step);
    }

    /// <summary>What a checkpoint must keep for this.</summary>
    public string Save() => JsonSerializer.Serialize(new Kept(_evaluations, _allocations));

    public void Resume(string saved)
    {
        var kept = JsonSerializer.Deserialize<Kept>(saved)!;
        _evaluations.AddRange(kept.Evaluations);
        foreach (var (step, allocation) in kept.Allocations)
            _allocations.Add(step, allocation);
    }

    /// <summary>What was reported at some step, with the ranks that were seen then.</summary>
    public TrainingStatus StatusOf(TrainingProgress progress) => StatusOf(progress, deviceMegabytes: null);

    private TrainingStatus StatusOf(TrainingProgress progress, double? deviceMegabytes) => new()
    {
        Step = (int)progress.Step,
        TotalSteps = (int)progress.TotalSteps,
        Loss = progress.Loss,
        LearningRate = progress.LearningRate,
        Penalty = progress.Penalty,
        Budget = progress.Budget,
        LiveRank = progress.LiveTriplets,
        Allocation = _allocations.GetValueOrDefault(progress.Step),
        SkippedSteps = progress.SkippedSteps,
        LossScale = progress.LossScale,
        DeviceMegabytes = deviceMegabytes,
        SamplesPerSecond = progress.SamplesPerSecond,
        Remaining = progress.Remaining,
    };

    private void Keep(long step)
    {
        if (HasEvaluated(step))
            return;
        var evaluation = new TaskEvaluation((int)step, step / stepsPerEpoch, evaluator.Latest.Metrics, evaluator.Latest.Loss);
        _evaluations.Add(evaluation);
        reporter.Evaluated(evaluation);
    }

    private sealed record Kept(List<TaskEvaluation> Evaluations, SortedDictionary<long, IReadOnlyList<ModuleAllocation>> Allocations);
}
