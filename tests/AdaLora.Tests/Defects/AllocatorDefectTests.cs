using AdaLora.Allocation;
using AdaLora.Bank;
using AdaLora.Tests.Models;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Defects;

/// <summary>Defects of existing implementations in when and how ranks are allocated; each test fails on the defect it names.</summary>
public sealed class AllocatorDefectTests
{
    private const int Total = 20;

    [Fact]
    public void A_forgotten_allocator_is_noticed_when_evaluating_reporting_and_finishing()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
        adapted.Begin(Total);
        using var optimizer = optim.AdamW(adapted.TrainableParameters, 1e-2);
        foreach (var batch in TinyTask.Batches(2))
        {
            optimizer.zero_grad();
            TinyTask.Loss(model, batch).backward();
            // A loop that omits the calls also lacks the gathering of the first gradients; the head and later steps still train.
            foreach (var adapter in adapted.Adapters)
            {
                using var noGrad = no_grad();
                adapter.get_parameter("lora_E")!.sub_(adapter.get_parameter("lora_E")!.grad!);
            }
        }

        foreach (var call in (Action[])[() => model.eval(), () => adapted.Report(), () => adapted.Finish()])
            Assert.Contains("allocator never ran", Assert.Throws<InvalidOperationException>(call).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_loop_that_never_uses_its_gradients_is_noticed_when_saving_and_merging_but_not_when_evaluating()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
        adapted.Begin(Total);
        using var optimizer = optim.AdamW(adapted.TrainableParameters, 1e-2);
        TinyTask.Loss(model, TinyTask.Batches(1).Single()).backward();
        optimizer.step();

        // Between the passes of a first, accumulated step, reading is allowed.
        model.eval();
        adapted.Report();
        foreach (var call in (Action[])[() => adapted.Save("never"), () => adapted.ExportLora("never"), () => adapted.Merge()])
            Assert.Contains("no optimiser step used them", Assert.Throws<InvalidOperationException>(call).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists("never"));

        adapted.BeforeOptimizerStep();
        optimizer.step();
        adapted.AfterOptimizerStep();
        adapted.Merge();
        Assert.True(adapted.IsMerged);
    }

    [Fact]
    public void Half_of_the_calls_forgotten_is_noticed_at_once()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
        Assert.Contains("total number of steps", Assert.Throws<InvalidOperationException>(() => adapted.BeforeOptimizerStep()).Message, StringComparison.Ordinal);
        adapted.Begin(Total);
        Assert.Throws<InvalidOperationException>(adapted.AfterOptimizerStep);
        TinyTask.Loss(model, TinyTask.Batches(1).Single()).backward();
        adapted.BeforeOptimizerStep();
        Assert.Contains("twice", Assert.Throws<InvalidOperationException>(() => adapted.BeforeOptimizerStep()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(10, 10)]
    [InlineData(15, 6)]
    [InlineData(0, 20)]
    [InlineData(30, 0)]
    public void Phases_that_leave_no_step_to_prune_in_are_refused_before_training(int initial, int final)
    {
        using var model = new TinyModel();
        var options = new AdaLoraOptions { InitialPhase = PhaseLength.Steps(initial), FinalPhase = PhaseLength.Steps(final), TotalSteps = Total, TrainedModules = ["head"] };
        var names = model.named_modules().Select(m => (m.name, m.module)).ToList();

        Assert.Contains("leave no step to prune in", Assert.Throws<ArgumentException>(() => AdaLoraModel.Attach(model, options)).Message, StringComparison.Ordinal);

        Assert.Equal(names, model.named_modules().Select(m => (m.name, m.module)));
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialPhase = PhaseLength.Steps(initial), FinalPhase = PhaseLength.Steps(final), TrainedModules = ["head"] });
        Assert.Throws<ArgumentException>(() => adapted.Begin(Total));
    }

    [Fact]
    public void Equal_initial_and_target_rank_trains_to_the_end_with_every_triplet()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 3, TargetRank = 3, MaskInterval = 1, TrainedModules = ["head"], TotalSteps = Total });
        Train(adapted, model, Total);
        Assert.True(adapted.IsPatternFinal);
        Assert.All(adapted.Report().Modules, m => Assert.Equal(3, m.LiveRank));
    }

    [Fact]
    public void All_scores_zero_still_keeps_exactly_the_budget_at_every_mask()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
        adapted.Begin(Total);
        for (var step = 0; step < Total; step++)
        {
            using var scope = NewDisposeScope();
            (TinyTask.Loss(model, TinyTask.Batches(1).Single()) * 0).backward();
            adapted.BeforeOptimizerStep();
            adapted.AfterOptimizerStep();
            Assert.Equal(adapted.Budget, adapted.ReadPattern().Total);
        }

        Assert.Equal(4, adapted.LiveTriplets);
    }

    [Theory]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NaN)]
    public void One_bad_gradient_costs_one_step_and_nothing_else(float bad)
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
        adapted.Begin(Total);
        using var optimizer = optim.AdamW(adapted.TrainableParameters, 1e-2);
        var step = 0;
        foreach (var batch in TinyTask.Batches(Total))
        {
            var spoil = step++ == 5;
            TinyTask.Step(adapted, model, optimizer, batch, () =>
            {
                using var gradient = adapted.Adapters[0].get_parameter("lora_E")!.grad!;
                if (spoil)
                    gradient.fill_(bad);
            });
        }

        Assert.Equal(1, adapted.ReadRejectedUpdates());
        Assert.True(adapted.Tracker.Sensitivity.isfinite().all().item<bool>());
        Assert.True(adapted.TrainableParameters.All(p => p.isfinite().all().item<bool>()));
        Assert.Equal(4, adapted.ReadPattern().Total);
    }

    [Theory]
    [InlineData(14)]
    [InlineData(17)]
    [InlineData(19)]
    public void A_missed_freezing_step_is_made_up_for_at_the_next_call(int resumeAt)
    {
        // The freezing step is T - tfinal = 14; the allocator is not called between step 10 and a later one.
        using var bank = TripletBank.Create(BankLayout.Create([new TripletShape("a", 3, 2, 6), new TripletShape("b", 2, 4, 6)]), ScalarType.Float32, CPU);
        bank.Initialize(_ => TripletDraw.Normal(0.5), 3);
        bank.Gradients.fill_(1);
        using var tracker = new ImportanceTracker(bank);
        var allocator = new RankAllocator(bank, new BudgetSchedule(12, 5, Total, 2, 6, 5), tracker);
        using var finite = tensor(true);
        foreach (var step in Enumerable.Range(0, 11).Append(resumeAt).Append(resumeAt).Append(resumeAt + 3))
        {
            allocator.Track(step, bank.Values, bank.Gradients, finite);
            allocator.Mask(step, bank.Values);
        }

        Assert.True(allocator.IsPatternFinal);
        Assert.Equal(5, allocator.ReadPattern().Total);
        Assert.Equal(11, tracker.Updates);
    }

    [Fact]
    public void Finish_settles_the_pattern_when_there_is_no_final_phase()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model,
            new AdaLoraOptions { InitialRank = 4, TargetRank = 1, FinalPhase = PhaseLength.Steps(0), MaskInterval = 7, TrainedModules = ["head"], TotalSteps = Total });
        Train(adapted, model, Total);
        Assert.False(adapted.IsPatternFinal);
        adapted.Finish();
        var pattern = adapted.ReadPattern();
        adapted.Finish();
        Assert.Equal(2, pattern.Total);
        Assert.Equal(pattern.Names.Select(n => pattern[n]), pattern.Names.Select(n => adapted.ReadPattern()[n]));
        Assert.Equal(2, adapted.Adapters.Sum(a => a.get_parameter("lora_E")!.count_nonzero().item<long>()));
    }

    private static void Train(AdaLoraModel adapted, TinyModel model, int steps)
    {
        using var optimizer = optim.AdamW(adapted.TrainableParameters, 1e-2);
        foreach (var batch in TinyTask.Batches(steps))
            TinyTask.Step(adapted, model, optimizer, batch);
    }
}
