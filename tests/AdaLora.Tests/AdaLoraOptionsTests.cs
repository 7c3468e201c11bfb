using AdaLora.Allocation;
using AdaLora.Bank;
using AdaLora.Injection;
using AdaLora.Targeting;
using AdaLora.Tests.Models;
using AdaLora.Training;
using Xunit;

namespace AdaLora.Tests;

public sealed class AdaLoraOptionsTests
{
    [Fact]
    public void All_faults_are_listed_at_once()
    {
        var options = new AdaLoraOptions
        {
            InitialRank = -1,
            TargetRank = -1,
            TargetBudget = -1,
            Alpha = double.NaN,
            Dropout = 1,
            TotalSteps = 0,
            MaskInterval = 0,
            Beta1 = 1,
            Beta2 = -0.1,
            OrthogonalityWeight = double.PositiveInfinity,
            LearningRateFactors = new LearningRateFactors { Lambda = 0, P = -1, Q = double.NaN },
        };
        using var model = new TinyModel();
        var message = Assert.Throws<ArgumentException>(() => AdaLoraModel.Attach(model, options)).Message;
        foreach (var name in (string[])["InitialRank", "TargetRank", "TargetBudget", "Alpha", "Dropout", "TotalSteps", "MaskInterval", "Beta1", "Beta2",
            "OrthogonalityWeight", "LearningRateFactors.Lambda", "LearningRateFactors.P", "LearningRateFactors.Q"])
        {
            Assert.Contains(name + " is", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Undefined_choices_and_missing_values_are_refused_by_name()
    {
        var options = new AdaLoraOptions
        {
            Biases = (BiasTraining)7,
            SensitivityTiming = (SensitivityTiming)7,
            OrthogonalityForm = (OrthogonalityForm)7,
            BasePrecision = null!,
            Targets = null!,
            Overrides = null!,
            Decay = null!,
            Score = null!,
            TrainedModules = null!,
            LearningRateFactors = null!,
            Initialization = null!,
        };
        using var model = new TinyModel();

        var message = Assert.Throws<ArgumentException>(() => AdaLoraModel.Attach(model, options)).Message;

        foreach (var name in (string[])["Biases is 7", "SensitivityTiming is 7", "OrthogonalityForm is 7", "BasePrecision is null", "Targets is null", "Overrides is null", "Decay is null",
            "Score is null", "TrainedModules is null", "LearningRateFactors is null",
            "Initialization is null"])
        {
            Assert.Contains(name, message, StringComparison.Ordinal);
        }

        Assert.Contains("TrainedModules holds", Assert.Throws<ArgumentException>(() => AdaLoraModel.Attach(model, new AdaLoraOptions { TrainedModules = ["head", null!] })).Message,
            StringComparison.Ordinal);
        Assert.Contains("Decay is null", Assert.Throws<ArgumentException>(() => new TrainerOptions { TotalSteps = 1, Decay = null! }.Validate()).Message, StringComparison.Ordinal);
    }

    /// <summary>A new enumeration in an options class is checked too.</summary>
    [Fact]
    public void Every_choice_among_the_options_is_checked()
    {
        var choices = typeof(AdaLoraOptions).GetProperties().Where(p => p.PropertyType.IsEnum).ToList();
        Assert.NotEmpty(choices);
        Assert.DoesNotContain(typeof(TrainerOptions).GetProperties(), p => p.PropertyType.IsEnum);
        Assert.All(choices, choice =>
        {
            var options = new AdaLoraOptions();
            choice.SetValue(options, Enum.ToObject(choice.PropertyType, 99));
            Assert.Contains($"{choice.Name} is 99; it must be one of", Assert.Throws<ArgumentException>(options.Validate).Message, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void A_budget_above_the_initial_ranks_is_refused_when_the_model_is_known()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 4, TargetRank = 5, TrainedModules = ["head"] });
        Assert.Contains("target budget is 10", Assert.Throws<ArgumentException>(() => adapted.Begin(100)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rank_and_alpha_of_single_modules_set_their_triplets_and_scale()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(
            model,
            new AdaLoraOptions { InitialRank = 4, Alpha = 8, TrainedModules = ["head"], Overrides = ModuleOverrides.None.With("second", initialRank: 6, alpha: 3), TargetBudget = 7, TotalSteps = 10 });
        Assert.Equal([4, 6], adapted.Adapters.Select(a => a.Rank));
        Assert.Equal([8 / 4.00001, 3 / 6.00001], adapted.Adapters.Select(a => a.Scale));
        Assert.Equal(10, adapted.Schedule!.InitialBudget);
        Assert.Equal(7, adapted.Schedule.TargetBudget);
    }

    [Theory]
    [InlineData(0, 100, 0)]
    [InlineData(0.1, 1340, 134)]
    [InlineData(0.06, 1340, 80)]
    [InlineData(1, 7, 7)]
    public void A_share_of_the_steps_is_rounded_down(double share, long total, long steps) => Assert.Equal(steps, PhaseLength.Fraction(share).In(total));

    [Fact]
    public void Phases_say_what_they_are_and_refuse_what_they_cannot_be()
    {
        Assert.Equal(12, PhaseLength.Steps(12).In(5));
        Assert.Equal("12 steps", PhaseLength.Steps(12).ToString());
        Assert.Equal("12.5%", PhaseLength.Fraction(0.125).ToString());
        Assert.Throws<ArgumentOutOfRangeException>(() => PhaseLength.Steps(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => PhaseLength.Fraction(1.1));
        Assert.Throws<ArgumentOutOfRangeException>(() => PhaseLength.Fraction(double.NaN));
    }
}
