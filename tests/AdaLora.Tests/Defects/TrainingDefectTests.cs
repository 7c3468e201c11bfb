using AdaLora.Internals;
using AdaLora.Tests.Models;
using AdaLora.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Defects;

/// <summary>Defects of existing implementations in what training costs and what losses mean; each test fails on the defect it names.</summary>
public sealed class TrainingDefectTests
{
    [Fact]
    public void Counts_and_memory_fall_to_those_of_the_live_ranks()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
        var before = adapted.Report();
        var held = adapted.TrainableParameters[0].numel();
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 20, LearningRate = 1e-2 });
        trainer.Fit(TinyTask.Batches(20), b => TinyTask.Loss(model, b));

        var after = adapted.Report();
        Assert.Equal(held, before.Counts.Adapters);
        Assert.Equal(4, after.Modules.Sum(m => m.LiveRank));
        Assert.All(after.Modules, m => Assert.Equal(4, m.InitialRank));
        Assert.True(after.Counts.Trainable < before.Counts.Trainable);
        Assert.Equal(after.Counts.Adapters, adapted.TrainableParameters[0].numel());
        Assert.Equal(after.Counts.Adapters, adapted.Adapters.Sum(a => a.named_parameters(recurse: false).Sum(p => p.parameter.numel())));
        Assert.Equal(after.Counts.Adapters, adapted.TrainableParameters[0].grad!.numel());
    }

    [Fact]
    public void The_penalty_never_enters_the_loss_whatever_the_weight()
    {
        var losses = new List<double>();
        foreach (var weight in (double[])[0, 1000])
        {
            using var model = new TinyModel();
            using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { Seed = 1, OrthogonalityWeight = weight, TrainedModules = ["head"] });
            using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 10, LearningRate = 1e-12, ReportEvery = 1 });
            var result = trainer.Fit(TinyTask.Batches(10), b => TinyTask.Loss(model, b), () => -TinyTask.Loss(model, TinyTask.Batches(1).Single()).item<float>());
            losses.Add(result.History[0].Loss);
            losses.Add(result.Evaluations[^1].Score);
        }

        Assert.Equal(losses[0], losses[2], 5);
        Assert.Equal(losses[1], losses[3], 5);
    }

    [Fact]
    public void The_penalty_acts_on_any_model_and_any_loss()
    {
        // The model has no loss of its own, and the loss is a plain delegate.
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { Seed = 1, OrthogonalityWeight = 10, TrainedModules = ["head"], InitialRank = 4, TargetRank = 4 });
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 200, LearningRate = 1e-2, ReportEvery = 1 });
        var result = trainer.Fit(TinyTask.Batches(200), b => TinyTask.Loss(model, b));
        Assert.True(result.History[^1].Penalty < 0.1 * result.History[0].Penalty, $"{result.History[0].Penalty} -> {result.History[^1].Penalty}");
    }

    [Fact]
    public void Modules_named_like_adapter_parts_do_no_harm()
    {
        using var model = nn.Sequential(("lora_A", nn.Linear(4, 4)), ("default", nn.Linear(4, 4)), ("base_layer", nn.Linear(4, 3)));
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 2, TargetRank = 1, MaskInterval = 1 });
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 20, LearningRate = 1e-2 });
        var inputs = rand(5, 4);
        trainer.Fit(Enumerable.Repeat(0, 20), _ => model.call(inputs).square().mean());
        Assert.Equal(["base_layer", "default", "lora_A"], adapted.ReadPattern().Names);
        Assert.Equal(3, adapted.ReadPattern().Total);
    }

    [Fact]
    public void An_adapter_that_takes_no_part_is_named_at_the_first_step()
    {
        using var model = new TinyModel { SkipSecond = true };
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 5 });
        var message = Assert.Throws<InvalidOperationException>(() => trainer.Fit(TinyTask.Batches(5), b => TinyTask.Loss(model, b))).Message;
        Assert.Contains("1 of 2 adapters", message, StringComparison.Ordinal);
        Assert.Contains("second: it never ran", message, StringComparison.Ordinal);
        Assert.DoesNotContain("first:", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Moving_the_model_after_attaching_is_an_error_that_says_what_to_do()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
        model.to(CPU);
        model.to(ScalarType.Float32);
        foreach (var move in (Action[])[() => model.to(ScalarType.Float64), () => model.to(new Device("meta"))])
        {
            move();
            Assert.Contains("before AdaLoraModel.Attach", Assert.Throws<InvalidOperationException>(() => model.call(ones(2, 8, ScalarType.Float64))).Message, StringComparison.Ordinal);
            Assert.Contains("before AdaLoraModel.Attach", Assert.Throws<InvalidOperationException>(() => adapted.Begin(9)).Message, StringComparison.Ordinal);
        }
    }

    /// <summary>A partly moved model is useless; one that was moved as a whole can be moved back.</summary>
    [Fact]
    public void Moving_the_model_moves_all_of_it_but_the_adapters()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options with { TrainedModules = [], TotalSteps = 20 });
        using var inputs = ones(2, 8);
        var expected = model.call(inputs).data<float>().ToArray();

        model.to(ScalarType.Float64);

        Assert.All(model.named_parameters(), p => Assert.Equal(p.name.Contains("lora_", StringComparison.Ordinal) ? ScalarType.Float32 : ScalarType.Float64, p.parameter.dtype));
        Assert.Throws<InvalidOperationException>(() => model.call(ones(2, 8, ScalarType.Float64)));
        model.to(ScalarType.Float32);
        Assert.Equal(expected, model.call(inputs).data<float>().ToArray());
        using var optimizer = optim.AdamW(adapted.TrainableParameters, 1e-2);
        foreach (var batch in TinyTask.Batches(3))
            TinyTask.Step(adapted, model, optimizer, batch);
        adapted.Detach();
        Assert.Equal(expected.Length, model.call(inputs).numel());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void Setting_the_gradients_of_a_part_to_null_does_not_cut_it_off(int from)
    {
        var ends = new List<float[]>();
        foreach (var part in (string?[])[null, "first", "second"])
        {
            using var model = new TinyModel();
            using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
            adapted.Begin(20);
            using var optimizer = optim.AdamW(adapted.TrainableParameters, 1e-2);
            foreach (var (batch, index) in TinyTask.Batches(20).Select((b, i) => (b, i)))
            {
                using var scope = NewDisposeScope();
                optimizer.zero_grad();
                if (index >= from && part is not null)
                    model.named_children().Single(c => c.name == part).module.zero_grad(set_to_none: true);
                TinyTask.Loss(model, batch).backward();
                adapted.BeforeOptimizerStep(1.0);
                optimizer.step();
                adapted.AfterOptimizerStep();
            }

            ends.Add(adapted.TrainableParameters[0].data<float>().ToArray());
        }

        Assert.Equal(ends[0], ends[1]);
        Assert.Equal(ends[0], ends[2]);
    }

    [Fact]
    public void Setting_gradients_to_null_does_not_cut_the_adapters_off()
    {
        var ends = new List<float>();
        foreach (var setToNone in (bool[])[false, true])
        {
            using var model = new TinyModel();
            using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
            adapted.Begin(20);
            using var optimizer = optim.AdamW(adapted.TrainableParameters, 1e-2);
            foreach (var batch in TinyTask.Batches(20))
            {
                using var scope = NewDisposeScope();
                if (setToNone)
                    model.zero_grad(set_to_none: true);
                else
                    optimizer.zero_grad();
                TinyTask.Loss(model, batch).backward();
                adapted.BeforeOptimizerStep(1.0);
                optimizer.step();
                adapted.AfterOptimizerStep();
            }

            ends.Add(adapted.TrainableParameters[0].abs().sum().item<float>());
        }

        Assert.Equal(ends[0], ends[1]);
    }

    [Fact]
    public void Adapters_that_were_given_one_tensor_as_gradient_do_not_share_it_afterwards()
    {
        var ends = new List<float[]>();
        foreach (var isShared in (bool[])[false, true])
        {
            using var model = new TinyModel();
            using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
            adapted.Begin(20);
            using var optimizer = optim.AdamW(adapted.TrainableParameters, 1e-2);
            foreach (var (batch, index) in TinyTask.Batches(20).Select((b, i) => (b, i)))
            {
                TinyTask.Step(adapted, model, optimizer, batch, () =>
                {
                    if (index != 3)
                        return;
                    var one = ones(4, 1);
                    foreach (var adapter in adapted.Adapters)
                        adapter.get_parameter("lora_E")!.grad = isShared ? one : one.clone();
                });
            }

            ends.Add(adapted.TrainableParameters[0].data<float>().ToArray());
        }

        Assert.Equal(ends[0], ends[1]);
    }

    [Fact]
    public void An_adapter_that_sits_out_a_later_step_keeps_no_gradient_of_an_earlier_one()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { OrthogonalityWeight = 0, TrainedModules = ["head"], TotalSteps = 10 });
        foreach (var skip in (bool[])[false, true])
        {
            model.zero_grad(set_to_none: true);
            model.SkipSecond = skip;
            TinyTask.Loss(model, TinyTask.Batches(1).Single()).backward();
            adapted.BeforeOptimizerStep();
            adapted.AfterOptimizerStep();
            using var gradient = adapted.Adapters[1].get_parameter("lora_E")!.grad!;
            Assert.Equal(!skip, gradient.count_nonzero().item<long>() > 0);
        }
    }
}
