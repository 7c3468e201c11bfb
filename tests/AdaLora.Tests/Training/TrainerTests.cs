using AdaLora.Internals;
using AdaLora.Tests.Models;
using AdaLora.Training;
using AdaLora.Training.Data;
using AdaLora.Training.Progress;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Training;

public sealed class TrainerTests
{
    [Fact]
    public void Training_learns_meets_the_budget_and_reports_how_it_went()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 300, LearningRate = 2e-2, ReportEvery = 10, EvaluateEvery = 100 });
        var reports = new List<TrainingProgress>();

        var result = trainer.Fit(TinyTask.Batches(60), b => TinyTask.Loss(model, b), () => Accuracy(model), b => new BatchSize(b.Inputs.shape[0], 5), new Recorder(reports));

        Assert.Equal(StopReason.Completed, result.StopReason);
        Assert.Equal(300, result.Steps);
        Assert.Equal([100L, 200L, 300L], result.Evaluations.Select(e => e.Step));
        Assert.Equal([2, 4, 5], result.Evaluations.Select(e => e.Epoch));
        Assert.True(result.History[^1].Loss < 0.6 * result.History[0].Loss, $"{result.History[0].Loss} -> {result.History[^1].Loss}");
        Assert.Equal(result.History, reports.GroupBy(r => r.Step).Select(g => g.Last()));
        Assert.All(reports, r => Assert.True(r.SamplesPerSecond > 0 && r.TokensPerSecond > 0 && r.Remaining >= TimeSpan.Zero && r.Penalty > 0));
        Assert.Equal(8, reports[0].Budget);
        Assert.Equal(4, reports[^1].Budget);
        Assert.Equal(4, reports[^1].LiveTriplets);
        Assert.True(result.MedianStepMilliseconds > 0);
        Assert.True(model.training);
    }

    [Fact]
    public void Cancellation_stops_between_steps_and_returns_what_was_done()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 300, GradientAccumulation = 2 });
        using var cancel = new CancellationTokenSource();
        var batches = 0;

        var result = trainer.Fit(
            TinyTask.Batches(60),
            b =>
            {
                if (++batches == 7)
                    cancel.Cancel();
                return TinyTask.Loss(model, b);
            },
            cancellation: cancel.Token);

        // The seventh batch is the first half of the fourth step, which is finished.
        Assert.Equal(StopReason.Cancelled, result.StopReason);
        Assert.Equal(4, result.Steps);
        Assert.Equal(8, batches);
        Assert.Equal(4, adapted.Step);
        Assert.Equal(4, result.History[^1].Step);
    }

    [Fact]
    public void Training_ends_early_without_improvement_and_the_best_weights_come_back()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 300, EvaluateEvery = 10, Patience = 3, LearningRate = 1e-2, BestBeforeFinal = true });
        double[] scores = [1, 5, 2, 5, double.NaN, 9];
        var evaluations = 0;
        float[]? best = null;

        var result = trainer.Fit(TinyTask.Batches(60), b => TinyTask.Loss(model, b), () =>
        {
            Assert.False(model.training);
            Assert.False(is_grad_enabled());
            if (evaluations == 1)
                best = Outputs(model);
            return scores[evaluations++];
        });

        Assert.Equal(StopReason.NoImprovement, result.StopReason);
        Assert.Equal(50, result.Steps);
        Assert.Equal(20, result.Best!.Step);
        model.eval();
        Assert.NotEqual(best, Outputs(model));
        Assert.True(trainer.RestoreBest());
        AssertClose(best!, Outputs(model));
    }

    [Fact]
    public void The_best_weights_come_back_also_when_triplets_were_dropped_since()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 100, EvaluateEvery = 20, LearningRate = 1e-2, BestBeforeFinal = true });
        var evaluations = 0;
        (float[] Outputs, int Live)? best = null;
        trainer.Fit(TinyTask.Batches(60), b => TinyTask.Loss(model, b), () =>
        {
            if (++evaluations == 2)
                best = (Outputs(model), adapted.LiveTriplets);
            return -Math.Abs(evaluations - 2);
        });

        Assert.True(adapted.IsCompacted);
        Assert.True(trainer.RestoreBest());
        model.eval();
        AssertClose(best!.Value.Outputs, Outputs(model));
        Assert.Equal(best.Value.Live, adapted.ReadPattern().Total);
        Assert.False(adapted.IsCompacted);
    }

    [Fact]
    public void A_model_without_adapters_is_trained_as_it_is()
    {
        using var model = new TinyModel();
        using var trainer = new Trainer(model, new TrainerOptions { TotalSteps = 200, LearningRate = 1e-2 });
        var before = Accuracy(model);
        var result = trainer.Fit(TinyTask.Batches(60), b => TinyTask.Loss(model, b), () => Accuracy(model));
        Assert.True(result.Best!.Score > before + 0.1);
        Assert.Null(result.History[^1].Budget);
    }

    [Fact]
    public void Steps_with_gradients_that_are_not_finite_are_skipped_and_too_many_end_the_training()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 300, MaxSkippedInARow = 4 });
        var batches = 0;
        var result = trainer.Fit(TinyTask.Batches(60), b => TinyTask.Loss(model, b) * (++batches is 3 or > 10 ? float.NaN : 1));
        Assert.Equal(StopReason.Diverged, result.StopReason);
        Assert.Equal(5, result.SkippedSteps);
        Assert.Equal(14, result.Steps);
        Assert.True(adapted.TrainableParameters.All(p => p.isfinite().all().item<bool>()));
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes()
    {
        var runs = Enumerable.Range(0, 2).Select(_ =>
        {
            using var model = new TinyModel();
            using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { Dropout = 0.2, Seed = 4, TrainedModules = ["head"] });
            using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 40, Seed = 9 });
            trainer.Fit(TinyTask.Batches(60), b => TinyTask.Loss(model, b));
            return adapted.TrainableParameters.SelectMany(p => p.cpu().data<float>().ToArray()).ToArray();
        }).ToList();
        Assert.Equal(runs[0], runs[1]);
    }

    [Fact]
    public void Misuse_is_answered_with_what_to_do()
    {
        using var model = new TinyModel();
        Trainer Make() => new(model, new TrainerOptions { TotalSteps = 3 });
        using (var trainer = Make())
            Assert.Contains("no batches", Assert.Throws<InvalidOperationException>(() => trainer.Fit(Array.Empty<int>(), _ => ones(1))).Message, StringComparison.Ordinal);
        using (var trainer = Make())
            Assert.Contains("scalar", Assert.Throws<InvalidOperationException>(() => trainer.Fit([0], _ => ones(2, requires_grad: true))).Message, StringComparison.Ordinal);
        using (var trainer = Make())
            Assert.Contains("does not require", Assert.Throws<InvalidOperationException>(() => trainer.Fit([0], _ => ones(1))).Message, StringComparison.Ordinal);
        var problems = Assert.Throws<ArgumentException>(() => new Trainer(model, new TrainerOptions { TotalSteps = 0, LearningRate = -1, GradientAccumulation = 0, ReportEvery = 0 })).Message;
        foreach (var name in (string[])["TotalSteps", "LearningRate", "GradientAccumulation", "ReportEvery"])
            Assert.Contains(name, problems, StringComparison.Ordinal);
    }

    // The same weights elsewhere in memory: matrix kernels may round differently.
    private static void AssertClose(float[] expected, float[] actual) =>
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));

    private static double Accuracy(TinyModel model)
    {
        using var scope = NewDisposeScope();
        var (inputs, labels) = TinyTask.Batches(1, seed: 99).Single();
        return model.call(inputs).argmax(1).eq(labels).to(ScalarType.Float32).mean().item<float>();
    }

    private static float[] Outputs(TinyModel model)
    {
        using var scope = NewDisposeScope();
        return model.call(TinyTask.Batches(1, seed: 99).Single().Inputs).data<float>().ToArray();
    }

    private sealed class Recorder(List<TrainingProgress> reports) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => reports.Add(value);
    }
}
