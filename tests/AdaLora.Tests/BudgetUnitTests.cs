using AdaLora.Allocation;
using AdaLora.Targeting;
using AdaLora.Tests.Models;
using AdaLora.Tests.Training.Checkpoints;
using AdaLora.TestSupport;
using AdaLora.Training;
using Xunit;

namespace AdaLora.Tests;

/// <summary>Budgets that count parameters, and limits of single matrices, through a training.</summary>
public sealed class BudgetUnitTests : IDisposable
{
    // A triplet of the first matrix (16 x 8) has 25 parameters, one of the second (16 x 16) 33.
    private static readonly AdaLoraOptions Counting = TinyTask.Options with { BudgetUnit = BudgetUnit.Parameters };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(null, 2 * (25 + 33))]
    [InlineData(120, 120)]
    [InlineData(59, 59)]
    public void The_budget_is_that_of_the_target_rank_in_every_matrix_or_the_one_asked_for(int? target, int budget)
    {
        using var trained = new TrainedTiny(28, options: Counting with { TargetBudget = target });
        var (schedule, report) = (trained.Adapted.Schedule!, trained.Adapted.Report());

        Assert.Equal((4 * (25 + 33), budget), (schedule.InitialBudget, schedule.TargetBudget));
        Assert.Equal((budget, BudgetUnit.Parameters), (report.ScheduledBudget, report.BudgetUnit));
        Assert.InRange(report.Counts.Adapters, budget - 32, budget);
        Assert.Equal(report.Budget, report.Modules.Sum(m => m.LiveRank));
        Assert.Equal(trained.Adapted.LiveTriplets, report.Budget);
        Assert.Contains($" with {report.Counts.Adapters} of {budget} parameters, ", report.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Limits_hold_at_every_mask()
    {
        foreach (var unit in Enum.GetValues<BudgetUnit>())
        {
            foreach (var (least, most) in ((int?, int?)[])[(4, null), (null, 1), (2, 2), (1, 3)])
            {
                using var model = new TinyModel();
                var limits = ModuleOverrides.None.With("first", minimumRank: least, maximumRank: most);
                using var adapted = AdaLoraModel.Attach(model, Counting with { BudgetUnit = unit, Overrides = limits, TotalSteps = 28 });
                using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 28, LearningRate = 1e-2, ReportEvery = 1, CompactWhenFinal = false });
                var ranks = new List<int>();
                trainer.Fit(TinyTask.Batches(28), batch => TinyTask.Loss(model, batch), progress: new Immediate(progress =>
                {
                    Assert.Equal(progress.LiveTriplets, adapted.ReadPattern().Total);
                    Assert.InRange(adapted.Report().Modules.Sum(m => unit == BudgetUnit.Triplets ? m.LiveRank : m.LiveParameters), 0, (long)progress.Budget!);
                    if (adapted.Allocator!.HasMasked)
                        ranks.Add(adapted.ReadPattern().RankOf("first"));
                }));

                Assert.Equal(22, ranks.Count);
                Assert.All(ranks, rank => Assert.InRange(rank, least ?? 0, most ?? 4));
                Assert.Equal((least ?? 0, most), (adapted.Report().Modules[0].MinimumRank, adapted.Report().Modules[0].MaximumRank));
            }
        }
    }

    [Theory]
    [InlineData(5, null, 4, "'first' is to keep at least 5 triplets, but starts with 4: raise its initial rank")]
    [InlineData(3, null, 2, "the minimum ranks need 3 triplets, but the target budget is 2 triplets")]
    [InlineData(null, 1, 6, "the maximum ranks allow 5 triplets, which is less than the target budget of 6 triplets")]
    public void Limits_that_cannot_be_kept_are_refused(int? least, int? most, int budget, string told)
    {
        using var model = new TinyModel();
        var options = TinyTask.Options with { TargetBudget = budget, Overrides = ModuleOverrides.None.With("first", minimumRank: least, maximumRank: most) };

        var refused = Assert.Throws<ArgumentException>(() => AdaLoraModel.Attach(model, options));

        Assert.Contains(told, refused.Message, StringComparison.Ordinal);
        Assert.Equal([refused.Message], AdaLoraModel.Plan(model, options).Problems);
    }

    [Fact]
    public void All_limits_that_cannot_be_kept_are_listed_at_once()
    {
        using var model = new TinyModel();
        var options = Counting with
        {
            Overrides = ModuleOverrides.None.With("first", maximumRank: 2).With("**", minimumRank: 3).With("second", minimumRank: 9),
            Allocation = AllocationStrategy.Reallocate(maxRank: 8),
        };

        var told = Assert.Throws<ArgumentException>(() => AdaLoraModel.Attach(model, options)).Message;

        Assert.Contains("'first' is to keep at least 3 and at most 2 triplets", told, StringComparison.Ordinal);
        Assert.Contains("'second' is to keep at least 9 triplets, but the allocation allows no matrix more than 8", told, StringComparison.Ordinal);
        Assert.Contains("'second' is to keep at least 9 triplets, but starts with 4", told, StringComparison.Ordinal);
        Assert.Contains("the minimum ranks need 207 parameters, but the target budget is 116 parameters", told, StringComparison.Ordinal);
    }

    [Fact]
    public void The_plan_says_what_the_budget_counts_and_what_it_leaves()
    {
        using var model = new TinyModel();
        var plan = AdaLoraModel.Plan(model, Counting with { TargetBudget = 120, Overrides = ModuleOverrides.None.With("first", minimumRank: 1, maximumRank: 3) });

        Assert.Empty(plan.Problems);
        Assert.Equal((120 - 32, 120), (plan.LeastTargetParameters, plan.MostTargetParameters));
        Assert.Contains("88 to 120 at the target budget of 120 parameters", plan.ToString(), StringComparison.Ordinal);
        Assert.Contains("4, at least 1, at most 3  8", plan.ToString(), StringComparison.Ordinal);

        // Of four triplets, one to three are the first matrix's.
        plan = AdaLoraModel.Plan(model, TinyTask.Options with { Overrides = ModuleOverrides.None.With("first", minimumRank: 1, maximumRank: 3) });
        Assert.Equal(((3 * 25) + 33, 25 + (3 * 33)), (plan.LeastTargetParameters, plan.MostTargetParameters));
    }

    [Fact]
    public void A_training_is_resumed_bit_for_bit()
    {
        var rehearsal = new Rehearsal { Folder = _folder.Path, Every = 3 };
        rehearsal = rehearsal with { Adapters = rehearsal.Adapters with { BudgetUnit = BudgetUnit.Parameters, Overrides = ModuleOverrides.None.With("second", minimumRank: 1, maximumRank: 2) } };
        var whole = (rehearsal with { Saves = false }).Run();
        rehearsal.Run(crashBefore: 30);

        var plain = rehearsal.Adapters with { BudgetUnit = BudgetUnit.Triplets, Overrides = ModuleOverrides.None };
        var other = Assert.Throws<InvalidDataException>(() => (rehearsal with { Adapters = plain }).Run(resume: true));
        Assert.Contains("BudgetUnit is Triplets and was Parameters", other.Message, StringComparison.Ordinal);
        Assert.Contains("at least 1, at most 2", other.Message, StringComparison.Ordinal);

        var resumed = rehearsal.Run(resume: true);
        Assert.Equal(whole.Weights, resumed.Weights);
        Assert.Equal(whole.LiveTriplets, resumed.LiveTriplets);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_unfinished_adapter_is_pruned_to_the_same_budget_in_the_same_unit_within_the_same_limits(bool moves)
    {
        var options = Counting with
        {
            TargetBudget = 120,
            TotalSteps = 28,
            Overrides = ModuleOverrides.None.With("first", minimumRank: 2, maximumRank: 3),
            Allocation = moves ? AllocationStrategy.Reallocate() : AllocationStrategy.PruneToBudget,
        };
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, options);
        adapted.Save(_folder.Path);
        using var other = new TinyModel();
        using var loaded = AdaLoraModel.Load(other, _folder.Path);

        Assert.Equal(BudgetUnit.Parameters, loaded.Options.BudgetUnit);
        loaded.Begin(30);
        Assert.Equal((4 * (25 + 33), 120), (loaded.Schedule!.InitialBudget, loaded.Schedule.TargetBudget));
        Assert.Equal([(2, 3), (0, null)], loaded.Report().Modules.Select(m => (m.MinimumRank, m.MaximumRank)));

        using var trainer = new Trainer(loaded, new TrainerOptions { TotalSteps = 30, LearningRate = 1e-2 });
        trainer.Fit(TinyTask.Batches(30), b => TinyTask.Loss(other, b));
        Assert.InRange(loaded.Report().Counts.Adapters, 120 - 32, 120);
        Assert.InRange(loaded.Report().Modules[0].LiveRank, 2, 3);
        // Once ranks are final, there is nothing more to tell.
        loaded.Save(_folder.Path);
        using var again = new TinyModel();
        using var final = AdaLoraModel.Load(again, _folder.Path);
        Assert.Equal(BudgetUnit.Triplets, final.Options.BudgetUnit);
        Assert.Equal(TrainedTiny.Outputs(other), TrainedTiny.Outputs(again));
    }

    [Theory]
    [InlineData("3 first", "3 lirst", "its metadata limits the rank of 'lirst', which has no adapter")]
    [InlineData("2 first", "9 first", "'first' is to keep at least 9 and at most 3 triplets")]
    [InlineData("2 first", "x first", "'adalora.minimum_ranks' is 'x first'")]
    [InlineData("\"parameters\"", "\"paramfters\"", "'adalora.budget_unit' is 'paramfters'; it must be 'parameters'")]
    public void Limits_and_units_that_cannot_be_followed_are_refused_by_name(string told, string changed, string reason)
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, Counting with { TargetBudget = 120, Overrides = ModuleOverrides.None.With("first", minimumRank: 2, maximumRank: 3) });
        adapted.Save(_folder.Path);
        var path = Path.Combine(_folder.Path, "adapter_model.safetensors");
        var text = System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(path));
        Assert.Contains(told, text, StringComparison.Ordinal);
        File.WriteAllBytes(path, System.Text.Encoding.Latin1.GetBytes(text.Replace(told, changed, StringComparison.Ordinal)));

        using var other = new TinyModel();
        Assert.Contains(reason, Assert.Throws<InvalidDataException>(() => AdaLoraModel.Load(other, _folder.Path)).Message, StringComparison.Ordinal);
    }

    private sealed class Immediate(Action<AdaLora.Training.Progress.TrainingProgress> report) : IProgress<AdaLora.Training.Progress.TrainingProgress>
    {
        public void Report(AdaLora.Training.Progress.TrainingProgress value) => report(value);
    }
}
