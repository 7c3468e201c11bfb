using AdaLora.Allocation;
using AdaLora.Initialization;
using AdaLora.Tests.Models;
using AdaLora.TestSupport;
using AdaLora.Training;
using CsCheck;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests;

/// <summary>Options with values from the edges of their types: they are refused with a message, or training with them runs.</summary>
public sealed class OptionFuzzTests
{
    private static readonly Gen<double> Numbers = OneOf(double.NaN, double.PositiveInfinity, double.NegativeInfinity, -1.0, -0.0, 0, double.Epsilon, 1e-8, 0.1, 0.5, 1, 2, 1e30, double.MaxValue);
    private static readonly Gen<int> Counts = OneOf(int.MinValue, -1, 0, 1, 2, 3, 5, 30);
    private static readonly Gen<PhaseLength> Phases =
        OneOf(PhaseLength.Steps(1), PhaseLength.Fraction(0.3), PhaseLength.Fraction(1), PhaseLength.Steps(0), PhaseLength.Steps(3), PhaseLength.Steps(long.MaxValue));

    [Fact]
    public void Options_of_an_adapter() => Gen.Select(Gen.Int[0, 11], Gen.Int[0, 11], Counts, Numbers, Phases).Sample(
        (first, second, count, number, phase) => Use(() =>
        {
            // Two options are unusual, the others are normal.
            T Strange<T>(int option, T value, T usual) => option == first || option == second ? value : usual;
            using var model = new TinyModel();
            using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions
            {
                InitialRank = Strange(0, count, 4),
                TargetRank = Strange(1, count, 2),
                TargetBudget = Strange<int?>(2, count, null),
                MaskInterval = Strange(3, count, 2),
                Alpha = Strange(4, number, 8),
                Dropout = Strange(5, number, 0.1),
                Initialization = TripletInitialization.Normal(Strange(6, number, 0.02)),
                Beta1 = Strange(7, number, 0.85),
                Beta2 = Strange(8, number, 0.85),
                OrthogonalityWeight = Strange(9, number, 0.1),
                InitialPhase = Strange(10, phase, PhaseLength.Fraction(0.2)),
                FinalPhase = Strange(11, phase, PhaseLength.Fraction(0.3)),
                TrainedModules = ["head"],
            });
            using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 10 });
            _ = trainer.Fit(TinyTask.Batches(3), batch => TinyTask.Loss(model, batch));
        }),
        iter: Fuzzing.Cases,
        threads: 1);

    [Fact]
    public void Options_of_a_training() => Gen.Select(Gen.Int[0, 8], Gen.Int[0, 8], Counts, Numbers, Phases).Sample(
        (first, second, count, number, phase) => Use(() =>
        {
            T Strange<T>(int option, T value, T usual) => option == first || option == second ? value : usual;
            using var model = new TinyModel();
            using var trainer = new Trainer(model, new TrainerOptions
            {
                TotalSteps = Strange(0, count, 10),
                GradientAccumulation = Strange(1, count, 1),
                EvaluateEvery = Strange<long?>(2, count, null),
                ReportEvery = Strange(3, count, 5),
                Patience = Strange<int?>(4, count, null),
                LearningRate = Strange(5, number, 1e-3),
                WeightDecay = Strange(6, number, 0.01),
                MaxGradientNorm = Strange<double?>(7, number, 1),
                Warmup = Strange(8, phase, PhaseLength.Fraction(0.1)),
            });
            _ = trainer.Fit(TinyTask.Batches(3), batch => TinyTask.Loss(model, batch), () => 0.5);
        }),
        iter: Fuzzing.Cases,
        threads: 1);

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static void Use(Action use)
    {
        using var scope = NewDisposeScope();
        try
        {
            use();
        }
        catch (ArgumentException refused)
        {
            Assert.True(refused.Message.Length > 20, refused.Message);
        }
    }
}
