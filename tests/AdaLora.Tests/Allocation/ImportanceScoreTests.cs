using AdaLora.Allocation;
using AdaLora.Bank;
using AdaLora.Tests.Models;
using AdaLora.Training;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Allocation;

/// <summary>Every score against its formula in plain numbers, and in a training.</summary>
public sealed class ImportanceScoreTests
{
    private const int Out = 4;
    private const int In = 3;

    public static TheoryData<string> Names => [.. Formulas.Keys];

    // From w, I, U and the smoothed g² of the entries of a triplet: lambda first, then P, then Q.
    private static readonly Dictionary<string, (ImportanceScore Score, Func<Entry[], double> Formula)> Formulas = new(StringComparer.Ordinal)
    {
        ["sensitivity*uncertainty"] = (ImportanceScore.SensitivityTimesUncertainty, e => PerTriplet(e, x => x.I * x.U)),
        ["sensitivity"] = (ImportanceScore.Sensitivity, e => PerTriplet(e, x => x.I)),
        ["sensitivity/uncertainty"] = (ImportanceScore.SensitivityOverUncertainty, e => PerTriplet(e, x => (x.I + 1e-6) / (x.U + 1e-6))),
        ["fisher"] = (ImportanceScore.Fisher, e => PerTriplet(e, x => x.F)),
        ["magnitude"] = (ImportanceScore.Magnitude, e => Math.Abs(e[0].W)),
        ["magnitude*norms"] = (ImportanceScore.MagnitudeTimesNorms, e => Math.Abs(e[0].W) * Norm(e[1..(1 + Out)]) * Norm(e[(1 + Out)..])),
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void A_score_is_what_its_formula_says(string name)
    {
        using var scope = NewDisposeScope();
        using var seed = manual_seed(3);
        var (score, formula) = Formulas[name];
        Assert.Equal(name, score.Name);
        var layout = BankLayout.Create([new TripletShape("a", Out, In, 2), new TripletShape("b", Out, In, 3), new TripletShape("c", Out, In, 0)]);
        using var bank = TripletBank.Create(layout, ScalarType.Float64, CPU);
        using var tracker = new ImportanceTracker(bank, 0.7, 0.6, score.TracksSquaredGradients);
        var entries = new Entry[layout.Elements];
        Tensor values = empty(0);
        for (var step = 0; step < 4; step++)
        {
            values = randn(layout.Elements, dtype: ScalarType.Float64);
            var gradients = randn(layout.Elements, dtype: ScalarType.Float64) * 1e-3;
            tracker.Update(values, gradients, tensor(true));
            var (w, g) = (values.data<double>().ToArray(), gradients.data<double>().ToArray());
            for (var i = 0; i < entries.Length; i++)
                entries[i] = entries[i].Next(w[i], g[i]);
        }

        var scores = score.Of(tracker.StateFor(values)).data<double>().ToArray();

        foreach (var slot in layout.Slots)
        {
            for (var i = 0; i < slot.Rank; i++)
            {
                Entry[] own = [entries[slot.LambdaOffset + i], .. entries.AsSpan((int)slot.LeftOffset + (i * Out), Out), .. entries.AsSpan((int)slot.RightOffset + (i * In), In)];
                Assert.Equal(formula(own), scores[slot.First + i], 1e-12 * (1 + formula(own)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_training_prunes_by_it_to_the_budget(string name)
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options with { Score = Formulas[name].Score });
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 30, LearningRate = 1e-2 });
        _ = trainer.Fit(TinyTask.Batches(30), batch => TinyTask.Loss(model, batch));
        Assert.Equal(4, adapted.LiveTriplets);
        Assert.True(adapted.IsCompacted);
    }

    private static double PerTriplet(Entry[] entries, Func<Entry, double> score) => score(entries[0]) + entries[1..(1 + Out)].Average(score) + entries[(1 + Out)..].Average(score);

    private static double Norm(Entry[] entries) => Math.Sqrt(entries.Sum(e => e.W * e.W));

    private readonly record struct Entry(double W, double I, double U, double F)
    {
        public Entry Next(double w, double g)
        {
            var sensitivity = (0.7 * I) + (0.3 * Math.Abs(w * g));
            return new Entry(w, sensitivity, (0.6 * U) + (0.4 * Math.Abs(Math.Abs(w * g) - sensitivity)), (0.7 * F) + (0.3 * g * g));
        }
    }
}
