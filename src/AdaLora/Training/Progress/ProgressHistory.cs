using AdaLora.Safetensors;
using AdaLora.Training.Checkpoints;

namespace AdaLora.Training.Progress;

/// <summary>All progress reports of a training.</summary>
internal sealed class ProgressHistory(EvaluationLog evaluations) : IResumable
{
    private const int Columns = 14;
    private readonly List<TrainingProgress> _reports = [];

    public IReadOnlyList<TrainingProgress> Reports => _reports;

    public long LatestStep => _reports.Count > 0 ? _reports[^1].Step : -1;

    public TrainingProgress Add(TrainingProgress report)
    {
        _reports.Add(report);
        return report;
    }

    /// <summary>Adds an evaluation to the latest report, which is for the same step.</summary>
    public TrainingProgress AddToLatest(Evaluation? evaluation) => _reports[^1] = _reports[^1].With(evaluation);

    public void Save(StateTable state)
    {
        state.Put("total_steps", _reports.Count > 0 ? _reports[0].TotalSteps : 0L);
        state.Put("reports", [.. _reports.SelectMany(Row)]);
        if (_reports.Any(r => r.LossScale is not null))
            state.Put("loss_scales", [.. _reports.Select(r => r.LossScale ?? double.NaN)]);
    }

    public void Resume(StateTable state)
    {
        var total = state.Integer("total_steps");
        var scales = state.Contains("loss_scales") ? state.Numbers("loss_scales") : null;
        _reports.AddRange(state.Numbers("reports").Chunk(Columns).Select((row, index) => Report(row, total, scales?[index] ?? double.NaN)));
    }

    // NaN means absent.
    private static double[] Row(TrainingProgress p) =>
    [
        p.Step, p.Epoch, p.Loss, p.GradientNorm, p.Penalty ?? double.NaN, p.Budget ?? double.NaN, p.LiveTriplets ?? double.NaN, p.LearningRate, p.SkippedSteps,
        p.SamplesPerSecond, p.TokensPerSecond, p.Elapsed.Ticks, p.Remaining.Ticks, p.LatestEvaluation?.Step ?? double.NaN,
    ];

    private TrainingProgress Report(double[] row, long total, double lossScale) => new TrainingProgress
    {
        Step = (long)row[0],
        TotalSteps = total,
        Epoch = (int)row[1],
        Loss = row[2],
        GradientNorm = row[3],
        Penalty = Optional(row[4]),
        Budget = (int?)Optional(row[5]),
        LiveTriplets = (int?)Optional(row[6]),
        LearningRate = row[7],
        SkippedSteps = (long)row[8],
        LossScale = Optional(lossScale),
        SamplesPerSecond = row[9],
        TokensPerSecond = row[10],
        Elapsed = TimeSpan.FromTicks((long)row[11]),
        Remaining = TimeSpan.FromTicks((long)row[12]),
    }.With(evaluations.All.FirstOrDefault(e => e.Step == row[13]));

    private static double? Optional(double value) => double.IsNaN(value) ? null : value;
}
