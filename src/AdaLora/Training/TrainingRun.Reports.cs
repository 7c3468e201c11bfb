using AdaLora.Processes;
using AdaLora.Training.Progress;
using static TorchSharp.torch;

namespace AdaLora.Training;

/// <content>Evaluations and progress reports.</content>
internal sealed partial class TrainingRun
{
    private StopReason? Evaluate()
    {
        if (_evaluate is null)
            return null;

        double score;
        BufferExchange.Share(_options.Group, _target.Model);
        _collections.Begin();
        using (NewDisposeScope())
        using (no_grad())
        {
            try
            {
                _target.Model.eval();
                score = _evaluate();
            }
            finally
            {
                _target.Model.train();
            }
        }

        _collections.End();
        var evaluation = new Evaluation(_counters.Steps, _position.Epoch, _options.Group.OfFirst(score));
        if (_evaluations.Add(evaluation, counts: _options.BestBeforeFinal || _target.IsFinal) && _options.KeepBest)
        {
            _best.Keep();
            _bestIsUnsaved = true;
        }

        TrainingLog.Evaluated(_logger, _counters.Steps, evaluation.Score, _evaluations.Best?.Score ?? double.NaN);
        Report();
        return _evaluations.OutOfPatience ? StopReason.NoImprovement : null;
    }

    private void Report()
    {
        // The step may already have been reported, before the evaluation that belongs to it.
        var report = _history.LatestStep == _counters.Steps ? _history.AddToLatest(_evaluations.Latest) : _history.Add(Describe());
        _progress?.Report(report);
    }

    private TrainingProgress Describe()
    {
        RequireEqualWeights();
        var loss = _losses.ReadMean(_options.Group);
        var figures = _target.ReadFigures();
        var time = _timer.Read(_options.TotalSteps - _counters.Steps);
        var report = new TrainingProgress
        {
            Step = _counters.Steps,
            TotalSteps = _options.TotalSteps,
            Epoch = _position.Epoch,
            Loss = loss,
            GradientNorm = figures.GradientNorm,
            Penalty = figures.Penalty,
            Budget = figures.Budget,
            LiveTriplets = figures.LiveTriplets,
            LearningRate = _optimizer.ParamGroups.First().LearningRate,
            SkippedSteps = _counters.Skipped,
            LossScale = _scaler.IsActive ? _scaler.Scale : null,
            SamplesPerSecond = time.SamplesPerSecond,
            TokensPerSecond = time.TokensPerSecond,
            Elapsed = time.Elapsed,
            Remaining = time.Remaining,
        }.With(_evaluations.Latest);
        TrainingMetrics.Record(report);
        TrainingLog.Progress(
            _logger, report.Step, report.TotalSteps, report.Loss, report.Penalty, report.Budget, report.LiveTriplets, report.LearningRate,
                new Throughput(report.SamplesPerSecond, report.TokensPerSecond), report.Remaining);
        return report;
    }
}
