using AdaLora.Allocation;
using AdaLora.Bank;
using AdaLora.Tests.Models;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Allocation;

/// <summary>
/// Importance, scores and regulariser in single precision agree with double precision, also for sizes that do not fill a vector, and are the same bits wherever triplets are.
/// </summary>
public sealed class ImportanceAccuracyTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(5, 3, 2)]
    [InlineData(12, 40, 37)]
    [InlineData(16, 7, 65)]
    [InlineData(17, 30, 33)]
    [InlineData(7, 1701, 770)]
    public void Importance_scores_and_regulariser_match_double_precision(int rank, int rows, int columns)
    {
        using var scope = NewDisposeScope();
        manual_seed(rank);
        var layout = BankLayout.Create(Enumerable.Range(0, 3).Select(i => new TripletShape($"m{i}", rows, columns, rank)).Append(new TripletShape("other", 9, 4, 2)));
        using var single = TripletBank.Create(layout, ScalarType.Float32, CPU);
        using var wide = TripletBank.Create(layout, ScalarType.Float64, CPU);
        using var singleTracker = new ImportanceTracker(single);
        using var wideTracker = new ImportanceTracker(wide);
        using (no_grad())
        {
            single.Values.copy_(randn(layout.Elements));
            wide.Values.copy_(single.Values);
        }

        foreach (var isFinite in (bool[])[true, true, false, true])
        {
            single.Gradients.copy_(randn(layout.Elements));
            // An infinite product within a step that counts as finite.
            if (isFinite)
                single.Gradients[0] = float.PositiveInfinity;
            wide.Gradients.copy_(single.Gradients);
            singleTracker.Update(single.Values, single.Gradients, tensor(isFinite));
            wideTracker.Update(wide.Values, wide.Gradients, tensor(isFinite));
        }

        Close(wideTracker.Sensitivity, singleTracker.Sensitivity);
        Close(wideTracker.Uncertainty, singleTracker.Uncertainty);
        Assert.Equal((1, 1), (singleTracker.ReadRejected(), wideTracker.ReadRejected()));
        Close(ImportanceScore.SensitivityTimesUncertainty.Of(wideTracker.StateFor(wide.Values)), ImportanceScore.SensitivityTimesUncertainty.Of(singleTracker.StateFor(single.Values)));
        foreach (var form in Enum.GetValues<OrthogonalityForm>())
        {
            single.ZeroGradients();
            wide.ZeroGradients();
            Close(new OrthogonalityRegularizer(wide, 0.3, form).AddGradients(), new OrthogonalityRegularizer(single, 0.3, form).AddGradients());
            Close(wide.Gradients, single.Gradients);
        }
    }

    /// <summary>
    /// Without smoothing I is s itself and U is 0 whatever came before, so that all scores tie: in both precisions, and on a buffer with gaps.
    /// </summary>
    [Theory]
    [InlineData(ScalarType.Float32, false)]
    [InlineData(ScalarType.Float32, true)]
    [InlineData(ScalarType.Float64, false)]
    public void Without_smoothing_the_uncertainty_is_exactly_zero_and_the_first_triplets_are_kept(ScalarType dtype, bool withGaps)
    {
        using var scope = NewDisposeScope();
        var layout = BankLayout.Create([new TripletShape("a", 13, 9, 6), new TripletShape("b", 21, 5, 6)]);
        using var bank = TripletBank.Create(layout, dtype, CPU);
        using var tracker = new ImportanceTracker(bank, beta1: 0);
        var allocator = new RankAllocator(bank, new BudgetSchedule(12, 5, 20, 0, 5), tracker);
        var random = new Random(5);
        var values = Draw(0);
        for (var t = 0; t < 16; t++)
        {
            // Sizes that change much from step to step leave the largest rounding errors.
            var gradients = Draw(-(t % 7));
            var expected = values.mul(gradients).abs();
            allocator.Track(t, values, gradients, tensor(true));
            if (t < 15)
                Assert.Equal(Numbers(expected), Numbers(tracker.Sensitivity));
            allocator.Mask(t, values);
        }

        Assert.All(Numbers(tracker.Uncertainty), deviation => Assert.Equal(0, deviation));
        Assert.Equal([true, true, true, true, true, false], allocator.ReadPattern()["a"]);
        Assert.Equal(0, allocator.ReadPattern().RankOf("b"));

        Tensor Draw(int power)
        {
            var drawn = tensor([.. Enumerable.Range(0, (int)layout.Elements).Select(_ => (random.NextDouble() - 0.5) * Math.Pow(10, power))], dtype: dtype);
            return withGaps ? stack([drawn, drawn], 1).select(1, 0) : drawn;
        }
    }

    /// <summary>Equations 9 and 10 also for weak smoothing, where a step is computed from the other end.</summary>
    [Theory]
    [InlineData(0.0, 0.0)]
    [InlineData(0.3, 0.95)]
    [InlineData(0.95, 0.3)]
    [InlineData(0.5, 0.5)]
    public void Every_smoothing_matches_double_precision(double beta1, double beta2)
    {
        using var scope = NewDisposeScope();
        var layout = BankLayout.Create([new TripletShape("a", 30, 19, 6)]);
        using var single = TripletBank.Create(layout, ScalarType.Float32, CPU);
        using var tracker = new ImportanceTracker(single, beta1, beta2);
        var (mean, deviation) = (new double[layout.Elements], new double[layout.Elements]);
        for (var t = 0; t < 6; t++)
        {
            var (values, gradients) = (randn(layout.Elements), randn(layout.Elements));
            tracker.Update(values, gradients, tensor(true));
            var changes = Numbers(values).Zip(Numbers(gradients), (w, g) => Math.Abs(w * g)).ToArray();
            mean = [.. mean.Zip(changes, (i, s) => (beta1 * i) + ((1 - beta1) * s))];
            deviation = [.. deviation.Zip(changes.Zip(mean, (s, i) => Math.Abs(s - i)), (u, d) => (beta2 * u) + ((1 - beta2) * d))];
        }

        Close(tensor(mean), tracker.Sensitivity);
        Close(tensor(deviation), tracker.Uncertainty);
    }

    [Fact]
    public void Sums_do_not_depend_on_the_number_of_threads()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var layout = BankLayout.Create(Enumerable.Range(0, 3).Select(i => new TripletShape($"m{i}", 400, 1033, 5)));
        using var bank = TripletBank.Create(layout, ScalarType.Float32, CPU);
        bank.Initialize(_ => TripletDraw.Normal(0.02), 1);
        var gradients = randn(layout.Elements);
        var before = get_num_threads();
        try
        {
            var alone = Updated(1);
            Assert.Equal(alone, Updated(2));
            Assert.Equal(alone, Updated(7));
        }
        finally
        {
            set_num_threads(before);
        }

        float[] Updated(int threads)
        {
            set_num_threads(threads);
            using var tracker = new ImportanceTracker(bank);
            tracker.Update(bank.Values, gradients, tensor(true));
            var scores = ImportanceScore.SensitivityTimesUncertainty.Of(tracker.StateFor(bank.Values));
            return [.. tracker.Sensitivity.data<float>(), .. tracker.Uncertainty.data<float>(), .. scores.data<float>()];
        }
    }

    [Fact]
    public void A_tracker_that_goes_on_from_another_scores_as_it_does()
    {
        using var scope = NewDisposeScope();
        var layout = BankLayout.Create(Enumerable.Range(0, 3).Select(i => new TripletShape($"m{i}", 40, 37, 5)));
        using var bank = TripletBank.Create(layout, ScalarType.Float32, CPU);
        bank.Initialize(_ => TripletDraw.Normal(0.02), 1);
        using var first = new ImportanceTracker(bank);
        using var second = new ImportanceTracker(bank);
        Tensor Scores(ImportanceTracker tracker) => ImportanceScore.SensitivityTimesUncertainty.Of(tracker.StateFor(bank.Values));
        void Update(ImportanceTracker tracker) => tracker.Update(bank.Values, randn(layout.Elements), tensor(true));
        Update(second);
        Update(first);
        Update(first);
        Assert.NotEqual(Scores(first).data<float>().ToArray(), Scores(second).data<float>().ToArray());

        bank.AddFollower(second);
        var resuming = new Transition();
        second.Resume(bank.Resize(bank.Roster, bank.Values.detach().clone(), resuming), first.Sensitivity, first.Uncertainty, resuming);
        resuming.Run();

        Assert.Equal(Scores(first).data<float>().ToArray(), Scores(second).data<float>().ToArray());

        // Every other triplet of the first matrix goes.
        var survives = Enumerable.Range(0, layout.Triplets).Select(i => i >= 5 || i % 2 == 0).ToArray();
        var kept = Scores(first).data<float>().ToArray().Where((_, i) => survives[i]).Order().ToArray();
        var compacting = new Transition();
        bank.Resize(bank.Roster.Resize(survives), values: null, compacting);
        compacting.Run();

        Assert.Equal(kept, Scores(second).data<float>().ToArray().Order());
    }

    private static double[] Numbers(Tensor values) => values.to(ScalarType.Float64).data<double>().ToArray();

    private static void Close(Tensor expected, Tensor actual) => TensorAssert.Close(expected, actual, 2e-6);
}
