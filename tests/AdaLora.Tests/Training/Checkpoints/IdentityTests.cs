using System.Reflection;
using AdaLora.Allocation;
using AdaLora.Tests.Models;
using AdaLora.TestSupport;
using AdaLora.Training;
using AdaLora.Training.Checkpoints;
using AdaLora.Training.Data;
using AdaLora.Training.LearningRates;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Training.Checkpoints;

/// <summary>What must be the same in a run that resumes from a checkpoint.</summary>
public sealed class IdentityTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private Rehearsal Rehearsal => new() { Folder = _folder.Path, Steps = 12, Every = 3 };

    [Fact]
    public void Every_option_of_a_training_is_compared_or_free_for_a_reason() =>
        RequireAll(typeof(TrainerOptions), new TrainerOptions { TotalSteps = 3 }.Settings.Select(s => s.Name), TrainerOptions.Free);

    [Fact]
    public void Every_option_of_an_adapter_is_compared_or_free_for_a_reason() =>
        RequireAll(typeof(AdaLoraOptions),
            new AdaLoraOptions().Settings(new BudgetSchedule(4, 2, 10, 1, 2)).Select(s => s.Name == "BudgetDecay" ? nameof(AdaLoraOptions.Decay) : s.Name).Where(n => n != "budgets"),
            AdaLoraOptions.Free);

    public static TheoryData<string> Changes => [.. Changed.Keys];

    private static readonly Dictionary<string, (Func<Rehearsal, Rehearsal> Change, string Told)> Changed = new(StringComparer.Ordinal)
    {
        ["power of the decay"] = (r => r with { Change = o => With(o, decay: LearningRateDecay.Polynomial(3)) }, "Decay is polynomial of power 3 to 0 and was polynomial of power 2 to 0"),
        ["end of the decay"] = (r => r with { Change = o => With(o, decay: LearningRateDecay.Polynomial(2, 0.5)) }, "Decay is polynomial of power 2 to 0.5"),
        ["momentum"] = (r => r with { Optimizer = Sgd(0.8) }, "momentum is 0.8 and was 0.9"),
        ["beta1"] = (r => r with { Optimizer = AdamW(beta1: 0.8) }, "beta1 is 0.8 and was 0.9"),
        ["beta2"] = (r => r with { Optimizer = AdamW(beta2: 0.98) }, "beta2 is 0.98"),
        ["eps"] = (r => r with { Optimizer = AdamW(eps: 1e-6) }, "eps is 1E-06"),
        ["weight decay of an optimiser of one's own"] = (r => r with { Optimizer = AdamW(weightDecay: 0.5) }, "weight_decay is 0.5"),
        ["sense of the score"] = (r => r with { Change = o => With(o, higherIsBetter: false) }, "HigherIsBetter is False and was True"),
        ["losses"] = (r => r with { WithSums = true }, "losses is a sum per batch and was a mean per batch"),
        ["a decay of one's own"] = (r => r with { Adapters = r.Adapters with { Decay = BudgetDecay.Custom("own", c => c) } }, "budgets is"),
        ["a setting of the caller's"] = (r => r with { Change = o => With(o, settings: "64") }, "setting batch size is 64 and was 32"),
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void A_change_is_refused_by_name(string change)
    {
        var before = Before(change);
        before.Run(crashBefore: 10);

        var refused = Assert.Throws<InvalidDataException>(() => Changed[change].Change(before).Run(resume: true));

        Assert.Contains(Changed[change].Told, refused.Message, StringComparison.Ordinal);
        // The same settings resume.
        Assert.Equal(24 - 9, before.Run(resume: true).Losses.Count);
    }

    [Fact]
    public void Batches_of_another_size_are_noticed_by_their_number_and_by_what_is_in_them()
    {
        var sized = Rehearsal with { Size = b => new BatchSize(b.Inputs.shape[0]) };
        sized.Run(crashBefore: 10);
        var larger = sized with { Batches = () => TinyTask.Batches(26).Chunk(2).Select(two => (cat([two[0].Inputs, two[1].Inputs]), cat([two[0].Labels, two[1].Labels]))) };
        Assert.Contains("144 examples", Assert.Throws<InvalidDataException>(() => larger.Run(resume: true)).Message, StringComparison.Ordinal);

        Directory.Delete(_folder.Path, recursive: true);
        Rehearsal.Run(crashBefore: 20);
        var fewer = Rehearsal with { Batches = () => TinyTask.Batches(7) };
        Assert.Contains("13 batches", Assert.Throws<InvalidDataException>(() => fewer.Run(resume: true)).Message, StringComparison.Ordinal);
        Assert.Equal(24 - 18, Rehearsal.Run(resume: true).Losses.Count);
    }

    [Fact]
    public void A_checkpoint_of_an_earlier_version_is_understood_under_the_names_of_then()
    {
        using var model = nn.Linear(2, 2);
        using var optimizer = optim.SGD(model.parameters(), 0.1);
        var identity = RunIdentity.Of(new PlainTarget(model), new TrainerOptions { TotalSteps = 3 }, optimizer, "a mean per batch", LossScale.None);
        var earlier = identity.Settings.ToDictionary(s => s.Key == "CompactWhenFinal" ? "CompactAfterFreeze" : s.Key, s => s.Value, StringComparer.Ordinal);

        identity.Require(earlier, "checkpoint", except: "");
        earlier["CompactAfterFreeze"] = "False";
        var refused = Assert.Throws<InvalidDataException>(() => identity.Require(earlier, "checkpoint", except: ""));

        Assert.Contains("CompactWhenFinal is True and was False", refused.Message, StringComparison.Ordinal);
    }

    private Rehearsal Before(string change) => change switch
    {
        "momentum" => Rehearsal with { Optimizer = Sgd(0.9) },
        "beta1" or "beta2" or "eps" or "weight decay of an optimiser of one's own" => Rehearsal with { Optimizer = AdamW() },
        "a decay of one's own" => Rehearsal with { Adapters = Rehearsal.Adapters with { Decay = BudgetDecay.Custom("own", c => c * c * c), MaskInterval = 1 } },
        _ => Rehearsal with { Change = o => With(o) },
    };

    private static Func<IReadOnlyList<Parameter>, double, optim.Optimizer> Sgd(double momentum) => (p, lr) => optim.SGD(p, lr, momentum: momentum);

    private static Func<IReadOnlyList<Parameter>, double, optim.Optimizer> AdamW(double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8, double weightDecay = 0) =>
        (p, lr) => optim.AdamW(p, lr, beta1, beta2, eps, weightDecay);

    private static TrainerOptions With(TrainerOptions o, LearningRateDecay? decay = null, bool higherIsBetter = true, string settings = "32") => new()
    {
        TotalSteps = o.TotalSteps,
        LearningRate = o.LearningRate,
        GradientAccumulation = o.GradientAccumulation,
        EvaluateEvery = o.EvaluateEvery,
        BestBeforeFinal = o.BestBeforeFinal,
        Seed = o.Seed,
        OptimizerFactory = o.OptimizerFactory,
        Decay = decay ?? LearningRateDecay.Polynomial(2),
        HigherIsBetter = higherIsBetter,
        Checkpoints = new CheckpointOptions
        {
            Folder = o.Checkpoints!.Folder,
            Every = o.Checkpoints.Every,
            Keep = o.Checkpoints.Keep,
            Resume = o.Checkpoints.Resume,
            Settings = new Dictionary<string, string> { ["batch size"] = settings },
        },
    };

    private static void RequireAll(Type options, IEnumerable<string> compared, IReadOnlyDictionary<string, string> free)
    {
        var names = options.GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(p => p.Name).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(names, compared.Concat(free.Keys).Order(StringComparer.Ordinal));
        Assert.All(free.Values, reason => Assert.True(reason.Length > 10));
    }
}
