using AdaLora.Adapters;
using AdaLora.Allocation;
using AdaLora.Bank;
using AdaLora.Initialization;
using AdaLora.Peft;
using AdaLora.Targeting;
using AdaLora.Tests.Bank;
using AdaLora.Tests.Models;
using AdaLora.Tests.Training.Checkpoints;
using AdaLora.TestSupport;
using AdaLora.Training;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Allocation;

/// <summary>Trainings in which ranks move between matrices at a constant budget.</summary>
public sealed class ReallocatedTrainingTests
{
    private static readonly AdaLoraOptions Moving = TinyTask.Options with { TargetRank = 4, Allocation = AllocationStrategy.Reallocate(triplets: 2), MaskInterval = 2 };

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_layer_that_needs_more_rank_than_it_began_with_gets_it(bool moves)
    {
        const int steps = 600;
        using var model = new Branches();
        using var adapted = AdaLoraModel.Attach(model,
            Branches.Options with { Allocation = moves ? AllocationStrategy.Reallocate(triplets: 1, perMatrix: 1, maxRank: 6) : AllocationStrategy.PruneToBudget });
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = steps, LearningRate = 2e-2, Seed = 3 });
        var held = new List<int>();

        trainer.Fit(
            Branches.Batches(steps),
            batch =>
            {
                held.Add(adapted.Adapters.Sum(a => a.Rank));
                return model.Loss(batch);
            });

        var ranks = adapted.Report().Modules.ToDictionary(m => m.Name, m => m.LiveRank);
        Assert.All(held, h => Assert.Equal(6, h));
        Assert.Equal(6, ranks.Values.Sum());
        using var noGrad = no_grad();
        var loss = model.Loss(Branches.Batches(1, seed: 99).Single()).item<float>();
        // The rich layer's own change has rank 5, the poor one's rank 1.
        if (moves)
            Assert.Equal((5, 1, true), (ranks["rich"], ranks["poor"], loss < 0.02));
        else
            Assert.Equal((3, 3, true), (ranks["rich"], ranks["poor"], loss > 0.1));
    }

    [Theory]
    [InlineData("fused")]
    [InlineData("adamw")]
    public void At_every_step_the_budget_is_held_survivors_keep_their_bytes_and_the_model_computes_what_it_did(string optimizer)
    {
        using var life = new Life(optimizer, Moving);
        var moves = 0;
        for (var step = 0; step < 28; step++)
        {
            var roster = life.Bank.Roster;
            life.Train(1);
            Assert.Equal(8, life.Bank.Layout.Triplets);
            Assert.Equal((8, 8), (life.Adapted.LiveTriplets, life.Adapted.ReadPattern().Total));
            if (ReferenceEquals(roster, life.Bank.Roster))
                continue;
            moves++;
            foreach (var i in Enumerable.Range(0, 8).Where(i => life.Bank.Roster.OriginsIn(roster)[i] < 0))
            {
                Assert.Equal(0, life.Bank.Values.Lambdas(life.Bank.Layout)[i].item<float>());
                Assert.All(life.Moments().Values, m => Assert.Equal(0, m[(int)life.Bank.Layout.LambdaOffset + i]));
            }
        }

        Assert.InRange(moves, 3, 10);
        Assert.True(life.Adapted.IsPatternFinal);
        Assert.True(life.Adapted.HasGrown);
        life.Adapted.Compact();
        Assert.Equal(8, life.Bank.Layout.Triplets);
    }

    [Fact]
    public void The_budget_may_shrink_at_the_same_time()
    {
        using var life = new Life("fused", Moving with { TargetRank = 2, MaskInterval = 1 });
        for (var step = 0; step < 28; step++)
        {
            life.Train(1);
            var schedule = life.Adapted.Schedule!;
            Assert.Equal(step < schedule.FirstFinalStep ? schedule.BudgetAt(step) : 4, life.Adapted.LiveTriplets);
            Assert.Equal(life.Adapted.LiveTriplets, life.Adapted.ReadPattern().Total);
            if (step < schedule.FirstFinalStep)
                Assert.Equal(life.Adapted.LiveTriplets, life.Bank.Layout.Triplets);
        }

        Assert.True(life.Adapted.HasGrown);
    }

    public static TheoryData<int, bool> Crashes => new MatrixTheoryData<int, bool>([12, 23, 31, 44, 52], [true, false]);

    [Theory]
    [MemberData(nameof(Crashes))]
    public void A_training_that_was_interrupted_while_ranks_moved_ends_bit_for_bit_as_one_that_was_not(int crashBefore, bool seeded)
    {
        using var folder = new TemporaryFolder();
        var rehearsal = new Rehearsal { Folder = folder.Path };
        rehearsal = rehearsal with { Adapters = rehearsal.Adapters with { TargetRank = 4, Seed = seeded ? 1 : null, Allocation = AllocationStrategy.Reallocate(triplets: 2) } };
        var whole = Seeded(() => (rehearsal with { Saves = false }).Run());
        Seeded(() => rehearsal.Run(crashBefore: crashBefore));

        var resumed = Seeded(() => rehearsal.Run(resume: true));

        Assert.Equal(whole.Weights, resumed.Weights);
        Assert.Equal(whole.Best, resumed.Best);
        Assert.Equal(whole.Losses.Skip(whole.Losses.Count - resumed.Losses.Count), resumed.Losses);
    }

    [Fact]
    public void A_checkpoint_of_another_strategy_is_refused_and_one_that_tells_of_none_is_of_the_published_one()
    {
        using var folder = new TemporaryFolder();
        var published = new Rehearsal { Folder = folder.Path, EvaluateEvery = 1000, Keep = 1 };
        published.Run(crashBefore: 23);
        var moving = published with { Adapters = published.Adapters with { Allocation = AllocationStrategy.Reallocate() } };
        Assert.Contains(
            "Allocation is reallocate up to 4 triplets, 2 per matrix, to any rank and was prune to budget", Assert.Throws<InvalidDataException>(() => moving.Run(resume: true)).Message,
                StringComparison.Ordinal);
        // As before there was a choice.
        var path = Directory.GetFiles(folder.Path, "*.safetensors").Single();
        var (tensors, metadata) = AdaLora.Training.Checkpoints.CheckpointStore.Read(path);
        File.Delete(path);
        new AdaLora.Training.Checkpoints.CheckpointStore(folder.Path).Write(20, tensors, metadata.Where(m => m.Key != "Allocation").ToDictionary(m => m.Key, m => m.Value));
        Assert.Contains("and was prune to budget", Assert.Throws<InvalidDataException>(() => moving.Run(resume: true)).Message, StringComparison.Ordinal);

        Assert.Equal(60 - 20, published.Run(resume: true).Losses.Count);
    }

    public static TheoryData<int, bool> Saves => new MatrixTheoryData<int, bool>([14, 28], [false, true]);

    [Theory]
    [MemberData(nameof(Saves))]
    public void Grown_ranks_are_saved_loaded_and_exported(int steps, bool reloads)
    {
        using var folder = new TemporaryFolder();
        using var life = new Life("fused", Moving);
        life.Train(steps);
        var ranks = life.Adapted.Adapters.ToDictionary(a => a.Slot.Name, a => a.Rank);
        Assert.Contains(ranks.Values, r => r > 4);
        life.Adapted.Save(folder.File("adalora"));
        life.Adapted.ExportLora(folder.File("lora"));
        var expected = TrainedTiny.Outputs(life.Model);

        foreach (var saved in (string[])["adalora", "lora"])
        {
            using var model = new TinyModel();
            using var loaded = AdaLoraModel.Load(model, folder.File(saved));
            Assert.Equal(ranks, loaded.Adapters.ToDictionary(a => a.Slot.Name, a => a.Rank));
            Close(expected, TrainedTiny.Outputs(model));
            if (saved == "adalora")
                Assert.Equal(steps == 28, loaded.IsPatternFinal);
            if (!reloads)
                continue;
            // Grown once more, from what was loaded.
            using var optimizer = new FusedAdamW(loaded.TrainableParameters, 1e-2);
            loaded.UseOptimizer(optimizer);
            Life.Resize(loaded.Bank, _ => true, ("first", 3), ("second", 1));
            loaded.Save(folder.File("again"));
            using var third = new TinyModel();
            using var reloaded = AdaLoraModel.Load(third, folder.File("again"));
            Assert.Equal([ranks["first"] + 3, ranks["second"] + 1], reloaded.Adapters.Select(a => a.Rank));
            Close(expected, TrainedTiny.Outputs(third));
        }

        // PEFT creates every matrix with init_r triplets and keeps those that the pattern selects: no list may be longer or shorter, and none may select more.
        var config = SavedConfig.Parse(File.ReadAllBytes(Path.Combine(folder.File("adalora"), AdapterFolder.ConfigFile)), "saved");
        Assert.Equal(ranks.Values.Max(), Assert.IsType<SavedAdaLoraConfig>(config).InitialRank);
        Assert.All(ranks, r => Assert.Equal((ranks.Values.Max(), r.Value), (config.PatternOf(r.Key).Count, config.PatternOf(r.Key).Count(k => k))));
    }

    [Fact]
    public void Without_an_optimiser_that_can_follow_nothing_begins()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, Moving with { TotalSteps = 28 });
        using var optimizer = optim.AdamW(adapted.TrainableParameters, 1e-2);
        using var scope = NewDisposeScope();
        TinyTask.Loss(model, TinyTask.Batches(1).Single()).backward();

        Assert.Contains("UseOptimizer(optimizer)", Assert.Throws<InvalidOperationException>(() => adapted.BeforeOptimizerStep()).Message, StringComparison.Ordinal);
        using var stranger = optim.AdamW(new TinyModel().parameters());
        Assert.Throws<ArgumentException>(() => adapted.UseOptimizer(stranger));
        using var unreachable = optim.LBFGS(adapted.TrainableParameters);
        Assert.Contains("IOptimizerState", Assert.Throws<NotSupportedException>(() => adapted.UseOptimizer(unreachable)).Message, StringComparison.Ordinal);
        Assert.Throws<NotSupportedException>(() => new Trainer(adapted, new TrainerOptions { TotalSteps = 28, OptimizerFactory = (p, lr) => optim.LBFGS(p, lr) }));

        adapted.UseOptimizer(optimizer);
        adapted.BeforeOptimizerStep();
    }

    [Fact]
    public void The_optimiser_that_trains_follows_whichever_trainer_was_made_last()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, Moving with { TotalSteps = 28 });
        using var first = new Trainer(adapted, new TrainerOptions { TotalSteps = 28 });
        using var second = new Trainer(adapted, new TrainerOptions { TotalSteps = 28 });

        Assert.Equal(28, first.Fit(TinyTask.Batches(28), b => TinyTask.Loss(model, b)).Steps);
        Assert.True(adapted.HasGrown);
    }

    private static T Seeded<T>(Func<T> act)
    {
        manual_seed(5).Dispose();
        return act();
    }

    private static void Close(double[] expected, double[] actual) => Assert.All(expected.Zip(actual), o => Assert.Equal(o.First, o.Second, 1e-5));

    /// <summary>Two layers side by side whose targets differ from their outputs by changes of rank 5 and of rank 1.</summary>
    private sealed class Branches : nn.Module
    {
        private readonly nn.Module<Tensor, Tensor> rich;
        private readonly nn.Module<Tensor, Tensor> poor;
        private readonly Tensor _rich;
        private readonly Tensor _poor;

        public Branches()
            : base(nameof(Branches))
        {
            using var seed = manual_seed(7);
            rich = nn.Linear(8, 8, hasBias: false);
            poor = nn.Linear(8, 8, hasBias: false);
            _rich = Change(rank: 5);
            _poor = Change(rank: 1);
            RegisterComponents();
        }

        public static AdaLoraOptions Options => new()
        {
            InitialRank = 3,
            TargetRank = 3,
            Alpha = 3,
            Seed = 1,
            Targets = TargetModules.AllLinear,
            Initialization = TripletInitialization.Normal(0.3),
            MaskInterval = 20,
            InitialPhase = PhaseLength.Fraction(0.1),
            FinalPhase = PhaseLength.Fraction(0.4),
        };

        public static IEnumerable<Tensor> Batches(int count, int seed = 1)
        {
            using var generator = new Generator((ulong)seed, CPU);
            for (var i = 0; i < count; i++)
                yield return randn([2, 32, 8], generator: generator);
        }

        public Tensor Loss(Tensor inputs)
        {
            using var scope = NewDisposeScope();
            var (first, second) = (inputs[0], inputs[1]);
            return (rich.call(first) - Plain(rich, first) - first.mm(_rich)).square().mean().add((poor.call(second) - Plain(poor, second) - second.mm(_poor)).square().mean())
                .MoveToOuterDisposeScope();
        }

        private static Tensor Plain(nn.Module<Tensor, Tensor> layer, Tensor inputs) => inputs.mm((layer is SvdLinear adapter ? adapter.BaseLayer : layer).parameters().First().detach().t());

        // Singular values of 1.
        private static Tensor Change(int rank)
        {
            var (left, right) = (linalg.qr(randn(8, rank)).Q, linalg.qr(randn(8, rank)).Q);
            return left.mm(right.t()).DetachFromDisposeScope();
        }
    }
}
