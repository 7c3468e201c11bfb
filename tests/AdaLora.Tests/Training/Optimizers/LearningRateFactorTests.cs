using AdaLora.Allocation;
using AdaLora.Bank;
using AdaLora.Tests.Models;
using AdaLora.Tests.Training.Checkpoints;
using AdaLora.TestSupport;
using AdaLora.Training;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Training.Optimizers;

/// <summary>Learning rates of lambda, P and Q: the same as in parameter groups, through pruning, compaction, growing and resuming.</summary>
public sealed class LearningRateFactorTests : IDisposable
{
    private const double Rate = 2e-3;

    private static readonly LearningRateFactors Factors = new() { Lambda = 30, P = 4, Q = 0.5 };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public enum Course
    {
        Masked,
        Compacted,
        Reallocated,
    }

    [Theory]
    [InlineData(Course.Masked)]
    [InlineData(Course.Compacted)]
    [InlineData(Course.Reallocated)]
    public void Parts_move_as_in_parameter_groups_of_torchsharps_AdamW(Course course)
    {
        var own = Train(course, ScalarType.Float64, Factors, adapted => new FusedAdamW(adapted.TrainableParameters, Rate, weightDecay: 0.1));
        var theirs = Train(course, ScalarType.Float64, LearningRateFactors.Equal, adapted => optim.AdamW(
            Groups(adapted).Select(g => new AdamW.ParamGroup(g.Parameters, new AdamW.Options { LearningRate = g.Rate, weight_decay = 0.1 })), Rate, weight_decay: 0.1));

        Assert.Equal(own.Live, theirs.Live);
        foreach (var (first, second) in own.Values.Zip(theirs.Values))
            Assert.Equal(first, second, 1e-10);
    }

    [Theory]
    [InlineData(Course.Masked)]
    [InlineData(Course.Compacted)]
    [InlineData(Course.Reallocated)]
    public void Parts_move_as_in_parameter_groups_bit_for_bit(Course course)
    {
        var whole = Train(course, ScalarType.Float32, Factors, adapted => new FusedAdamW(adapted.TrainableParameters, Rate, weightDecay: 0.1));
        var parts = Train(course, ScalarType.Float32, LearningRateFactors.Equal, adapted => new FusedAdamW(
            Groups(adapted).Select(g => new AdamW.ParamGroup(g.Parameters, new AdamW.Options { LearningRate = g.Rate })), Rate, weightDecay: 0.1));

        Assert.Equal(whole.Live, parts.Live);
        Assert.Equal(whole.Values, parts.Values);
    }

    /// <summary>Without a penalty and clipping, which see pruned triplets while they are held, dropping them changes nothing, if each entry keeps its own rate.</summary>
    [Fact]
    public void Compaction_keeps_every_rate_where_it_belongs()
    {
        var masked = Train(Course.Masked, ScalarType.Float64, Factors, adapted => new FusedAdamW(adapted.TrainableParameters, Rate));
        var compacted = Train(Course.Compacted, ScalarType.Float64, Factors, adapted => new FusedAdamW(adapted.TrainableParameters, Rate));

        Assert.True(compacted.Values.Count < masked.Values.Count);
        foreach (var (first, second) in masked.Losses.Zip(compacted.Losses))
            Assert.Equal(first, second, 1e-9);
    }

    [Fact]
    public void Factors_of_1_change_no_bit()
    {
        var without = Train(Course.Compacted, ScalarType.Float32, LearningRateFactors.Equal, adapted => new FusedAdamW(adapted.TrainableParameters, Rate));
        var with = Train(Course.Compacted, ScalarType.Float32, new LearningRateFactors { Lambda = 1, P = 1, Q = 1 }, adapted => new FusedAdamW(adapted.TrainableParameters, Rate));

        Assert.Equal(without.Values, with.Values);
        Assert.NotEqual(without.Values, Train(Course.Compacted, ScalarType.Float32, Factors, adapted => new FusedAdamW(adapted.TrainableParameters, Rate)).Values);
    }

    [Fact]
    public void A_factor_of_0_keeps_a_part_as_it_starts()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options with { LearningRateFactors = new LearningRateFactors { Q = 0 } });
        var before = adapted.TripletParameters.Q.Select(Bytes).ToList();
        var moving = adapted.TripletParameters.P.Select(Bytes).ToList();
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 12, CompactWhenFinal = false });
        _ = trainer.Fit(TinyTask.Batches(12), batch => TinyTask.Loss(model, batch));

        Assert.Equal(before, adapted.TripletParameters.Q.Select(Bytes));
        Assert.NotEqual(moving, adapted.TripletParameters.P.Select(Bytes));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(17)]
    [InlineData(40)]
    [InlineData(58)]
    public void A_training_resumes_bit_for_bit(int crashBefore)
    {
        var rehearsal = new Rehearsal { Folder = _folder.Path, BestBeforeFinal = false };
        rehearsal = rehearsal with { Adapters = rehearsal.Adapters with { LearningRateFactors = Factors } };
        var whole = (rehearsal with { Saves = false }).Run();
        rehearsal.Run(crashBefore: crashBefore);

        var resumed = rehearsal.Run(resume: true);

        Assert.True(whole.IsCompacted);
        Assert.Equal(whole.Weights, resumed.Weights);
        Assert.Equal(whole.Best, resumed.Best);
    }

    [Fact]
    public void A_training_does_not_resume_with_other_factors()
    {
        var rehearsal = new Rehearsal { Folder = _folder.Path };
        rehearsal.Run(crashBefore: 30);

        var other = rehearsal with { Adapters = rehearsal.Adapters with { LearningRateFactors = Factors } };
        var refused = Assert.Throws<InvalidDataException>(() => other.Run(resume: true));

        Assert.Contains("LearningRateFactors is lambda x 30, P x 4, Q x 0.5 and was lambda x 1, P x 1, Q x 1", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>Schedule, checkpoints and compaction of the trainer work with parts as well.</summary>
    [Fact]
    public void A_trainer_trains_parts_in_groups()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
        using var trainer = new Trainer(adapted, new TrainerOptions
        {
            TotalSteps = 30,
            OptimizerFactory = (_, rate) => new FusedAdamW(Groups(adapted, rate).Select(g => new AdamW.ParamGroup(g.Parameters, new AdamW.Options { LearningRate = g.Rate })), rate),
        });
        _ = trainer.Fit(TinyTask.Batches(30), batch => TinyTask.Loss(model, batch));

        using var whole = new TinyModel();
        using var factored = AdaLoraModel.Attach(whole, TinyTask.Options with { LearningRateFactors = Factors });
        using var other = new Trainer(factored, new TrainerOptions { TotalSteps = 30 });
        _ = other.Fit(TinyTask.Batches(30), batch => TinyTask.Loss(whole, batch));

        Assert.True(adapted.IsCompacted);
        Assert.Equal(TrainedTiny.Outputs(whole), TrainedTiny.Outputs(model), (a, b) => Math.Abs(a - b) < 1e-4);
    }

    [Fact]
    public void An_optimiser_that_cannot_have_the_rates_is_refused()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options with { LearningRateFactors = Factors });
        using var theirs = optim.AdamW(adapted.TrainableParameters);
        using var parts = new FusedAdamW(Groups(adapted).SelectMany(g => g.Parameters));
        using var some = new FusedAdamW([adapted.TripletParameters.Lambda]);
        Assert.Contains("AdamW trains all triplets with one learning rate", Assert.Throws<NotSupportedException>(() => adapted.UseOptimizer(theirs)).Message, StringComparison.Ordinal);
        Assert.Contains("Leave them at 1", Assert.Throws<NotSupportedException>(() => adapted.UseOptimizer(parts)).Message, StringComparison.Ordinal);
        Assert.Contains("only some of TripletParameters", Assert.Throws<ArgumentException>(() => adapted.UseOptimizer(some)).Message, StringComparison.Ordinal);
        foreach (var make in (Func<IReadOnlyList<Parameter>, double, optim.Optimizer>[])[(p, rate) => optim.AdamW(p, rate), (p, rate) => optim.LBFGS(p, rate)])
            Assert.Throws<NotSupportedException>(() => new Trainer(adapted, new TrainerOptions { TotalSteps = 9, OptimizerFactory = make }));
    }

    [Fact]
    public void A_loop_that_does_not_name_its_optimiser_is_told_at_the_first_step()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options with { LearningRateFactors = Factors, TotalSteps = 10 });
        using var optimizer = new FusedAdamW(adapted.TrainableParameters);
        var batch = TinyTask.Batches(1).Single();

        var message = Assert.Throws<InvalidOperationException>(() => TinyTask.Step(adapted, model, optimizer, batch)).Message;
        adapted.UseOptimizer(optimizer);
        TinyTask.Step(adapted, model, optimizer, batch);

        Assert.Contains("LearningRateFactors are lambda x 30, P x 4, Q x 0.5, which the optimiser has to be told", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plan_names_the_rates()
    {
        using var model = new TinyModel();
        Assert.Contains("learning rates: lambda x 30, P x 4, Q x 0.5", AdaLoraModel.Plan(model, TinyTask.Options with { LearningRateFactors = Factors }).ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("learning rates", AdaLoraModel.Plan(model, TinyTask.Options).ToString(), StringComparison.Ordinal);
    }

    private static (IReadOnlyList<Parameter> Parameters, double Rate)[] Groups(AdaLoraModel adapted, double rate = Rate) =>
    [
        (adapted.TripletParameters.P, rate * Factors.P),
        (adapted.TripletParameters.Q, rate * Factors.Q),
        ([adapted.TripletParameters.Lambda], rate * Factors.Lambda),
        ([.. adapted.TrainableParameters.Skip(1)], rate),
    ];

    private static (List<double> Losses, List<double> Values, int Live) Train(Course course, ScalarType dtype, LearningRateFactors factors, Func<AdaLoraModel, optim.Optimizer> create)
    {
        using var model = new TinyModel(dtype);
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options with
        {
            LearningRateFactors = factors,
            OrthogonalityWeight = 0,
            TotalSteps = 40,
            MaskInterval = 3,
            Allocation = course == Course.Reallocated ? AllocationStrategy.Reallocate(maxRank: 6) : AllocationStrategy.PruneToBudget,
        });
        using var optimizer = create(adapted);
        adapted.UseOptimizer(optimizer);
        var losses = new List<double>();
        foreach (var batch in TinyTask.Batches(40, dtype: dtype))
        {
            using var scope = NewDisposeScope();
            optimizer.zero_grad();
            var loss = nn.functional.cross_entropy(model.call(batch.Inputs), batch.Labels);
            losses.Add(loss.to(ScalarType.Float64).item<double>());
            loss.backward();
            adapted.BeforeOptimizerStep();
            optimizer.step();
            adapted.AfterOptimizerStep();
            if (course != Course.Masked && adapted.IsPatternFinal)
                adapted.Compact();
        }

        return (losses, [.. adapted.TrainableParameters[0].detach().to(ScalarType.Float64).data<double>()], adapted.LiveTriplets);
    }

    private static byte[] Bytes(Parameter parameter) => parameter.detach().contiguous().bytes.ToArray();
}
