using AdaLora.Allocation;
using AdaLora.Injection;
using AdaLora.Targeting;
using AdaLora.Tests.Models;
using AdaLora.Training;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Training;

/// <summary>When training evaluates, and in which mode it leaves the model.</summary>
public sealed class EvaluationTests
{
    [Fact]
    public void Every_epoch_is_evaluated_also_when_backward_passes_wait_for_their_step()
    {
        using var model = new TinyModel();
        using var trainer = new Trainer(model, new TrainerOptions { TotalSteps = 6, GradientAccumulation = 2 });

        var result = trainer.Fit(TinyTask.Batches(3), b => TinyTask.Loss(model, b), () => 0.5);

        Assert.Equal([(1L, 1), (3L, 2), (4L, 3), (6L, 4)], result.Evaluations.Select(e => (e.Step, e.Epoch)));
    }

    [Fact]
    public void Patience_counts_every_epoch()
    {
        using var model = new TinyModel();
        using var trainer = new Trainer(model, new TrainerOptions { TotalSteps = 60, GradientAccumulation = 2, Patience = 2 });

        var result = trainer.Fit(TinyTask.Batches(3), b => TinyTask.Loss(model, b), () => 0.5);

        Assert.Equal(StopReason.NoImprovement, result.StopReason);
        Assert.Equal((4, 3), (result.Steps, result.Evaluations.Count));
    }

    /// <summary>An epoch without a step has weights that were evaluated already, or were never trained.</summary>
    [Fact]
    public void The_same_weights_are_not_evaluated_twice()
    {
        using var model = new TinyModel();
        using var trainer = new Trainer(model, new TrainerOptions { TotalSteps = 3, GradientAccumulation = 5 });

        var result = trainer.Fit(TinyTask.Batches(2), b => TinyTask.Loss(model, b), () => 0.5);

        Assert.Equal([(1L, 3), (2L, 5), (3L, 8)], result.Evaluations.Select(e => (e.Step, e.Epoch)));
    }

    [Fact]
    public void After_an_evaluation_that_fails_and_after_the_end_the_model_is_in_training_mode()
    {
        using var model = new TinyModel();
        using (var failing = new Trainer(model, new TrainerOptions { TotalSteps = 2, EvaluateEvery = 1 }))
            Assert.Throws<TimeoutException>(() => failing.Fit(TinyTask.Batches(2), b => TinyTask.Loss(model, b), () => throw new TimeoutException()));

        Assert.All(model.named_modules().Select(m => m.module).Append(model), module => Assert.True(module.training));
        Assert.True(is_grad_enabled());
        model.eval();
        using var trainer = new Trainer(model, new TrainerOptions { TotalSteps = 2 });
        trainer.Fit(TinyTask.Batches(2), b => TinyTask.Loss(model, b), () => 0.5);
        Assert.All(model.named_modules().Select(m => m.module).Append(model), module => Assert.True(module.training));
    }

    [Theory]
    [InlineData(1, null, "Patience")]
    [InlineData(null, 5L, "EvaluateEvery")]
    public void What_needs_evaluations_is_refused_without_any(int? patience, long? every, string name)
    {
        using var model = new TinyModel();
        using var trainer = new Trainer(model, new TrainerOptions { TotalSteps = 2, Patience = patience, EvaluateEvery = every });
        var called = false;

        var refused = Assert.Throws<ArgumentException>(() => trainer.Fit(TinyTask.Batches(2), b => { called = true; return TinyTask.Loss(model, b); }));

        Assert.Contains(name, refused.Message, StringComparison.Ordinal);
        Assert.Equal("evaluate", refused.ParamName);
        Assert.False(called);
        // Nothing has been used up.
        Assert.Equal(2, trainer.Fit(TinyTask.Batches(2), b => TinyTask.Loss(model, b), () => 0.5).Steps);
    }

    [Fact]
    public void A_budget_of_zero_with_nothing_else_to_train_is_refused_before_the_first_step()
    {
        var options = TinyTask.Options with { TargetBudget = 0, TrainedModules = [], Targets = TargetModules.AllLinear };
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, options);

        var refused = Assert.Throws<ArgumentException>(() => new Trainer(adapted, new TrainerOptions { TotalSteps = 20 }));

        Assert.Contains("in the last 6 steps", refused.Message, StringComparison.Ordinal);
        Assert.Contains("TrainedModules", refused.Message, StringComparison.Ordinal);
        Assert.Null(adapted.Schedule);
    }

    [Theory]
    [InlineData("head", 0.3, BiasTraining.None)]
    [InlineData(null, 0.0, BiasTraining.None)]
    [InlineData(null, 0.3, BiasTraining.All)]
    public void A_budget_of_zero_is_trained_to_the_end_where_something_is_left(string? trained, double final, BiasTraining biases)
    {
        var options = TinyTask.Options with { TargetBudget = 0, TrainedModules = trained is null ? [] : [trained], Biases = biases, FinalPhase = PhaseLength.Fraction(final) };
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, options);
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 20 });

        var result = trainer.Fit(TinyTask.Batches(20), b => TinyTask.Loss(model, b), () => 0.5);

        Assert.Equal(StopReason.Completed, result.StopReason);
        Assert.Equal(0, adapted.Report().Budget);
    }
}
