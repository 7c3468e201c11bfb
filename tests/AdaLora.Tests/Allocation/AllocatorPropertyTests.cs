using AdaLora.Allocation;
using AdaLora.Bank;
using CsCheck;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Allocation;

/// <summary>The allocator against a reference written matrix by matrix, over random shapes, phases and gradients.</summary>
public sealed class AllocatorPropertyTests
{
    private static readonly Gen<(TripletShape[] Shapes, int Seed, int Initial, int Final, int Interval, double Target)> Cases = Gen.Select(
        Gen.Select(Gen.Long[1, 4], Gen.Long[1, 4], Gen.Int[0, 4]).Array[1, 6],
        Gen.Int[0, 100_000],
        Gen.Int[0, 6],
        Gen.Int[0, 6],
        Gen.Int[1, 4],
        Gen.Double[0, 1],
        (shapes, seed, initial, final, interval, target) =>
            (shapes.Select((s, i) => new TripletShape($"m{(i * 7) % 10}", s.Item1, s.Item2, s.Item3)).ToArray(), seed, initial, final, interval, target));

    [Fact]
    public void Every_mask_is_that_of_the_naive_reference_and_meets_its_budget_exactly() => Cases.Sample(
        c =>
        {
            const int Total = 20;
            using var scope = NewDisposeScope();
            using var bank = TripletBank.Create(BankLayout.Create(c.Shapes), ScalarType.Float64, CPU);
            var all = bank.Layout.Triplets;
            var schedule = new BudgetSchedule(all, (int)(c.Target * all), Total, c.Initial, c.Final, c.Interval);
            using var tracker = new ImportanceTracker(bank, 0.7, 0.9);
            var allocator = new RankAllocator(bank, schedule, tracker);
            var reference = new NaiveAllocator(c.Shapes, 0.7, 0.9);
            using var finite = tensor(true);
            var random = new Random(c.Seed);
            var previous = all;
            for (var t = 0; t <= Total; t++)
            {
                var (values, gradients) = (Draw(random, bank.Layout.Elements), Draw(random, bank.Layout.Elements));
                using (no_grad())
                {
                    bank.Values.copy_(tensor(values));
                    bank.Gradients.copy_(tensor(gradients));
                }

                if (t < schedule.FirstFinalStep)
                    reference.Update(bank.Layout, values, gradients);
                allocator.Track(t, bank.Values, bank.Gradients, finite);
                if (!allocator.Mask(t, bank.Values))
                    continue;
                var budget = t >= schedule.FirstFinalStep ? schedule.TargetBudget : schedule.BudgetAt(t);
                var pattern = allocator.ReadPattern();
                Assert.Equal(budget, pattern.Total);
                Assert.Equal(budget, allocator.LiveTriplets);
                Assert.True(budget <= previous);
                previous = budget;
                foreach (var (name, kept) in reference.Keep(budget))
                    Assert.Equal(kept, pattern[name]);
            }
        },
        iter: 60);

    [Fact]
    public void The_order_in_which_matrices_are_named_does_not_matter() => Cases.Sample(
        c =>
        {
            var (forwards, backwards) = (Allocate(c.Shapes), Allocate([.. c.Shapes.Reverse()]));
            Assert.Equal(forwards.Total, backwards.Total);
            Assert.All(c.Shapes, shape => Assert.Equal(forwards[shape.Name], backwards[shape.Name]));

            RankPattern Allocate(IReadOnlyList<TripletShape> shapes)
            {
                using var scope = NewDisposeScope();
                using var bank = TripletBank.Create(BankLayout.Create(shapes), ScalarType.Float64, CPU);
                using var tracker = new ImportanceTracker(bank);
                var allocator = new RankAllocator(bank, new BudgetSchedule(bank.Layout.Triplets, (int)(c.Target * bank.Layout.Triplets), 10, 1, 2), tracker);
                // Every number belongs to its matrix by name, wherever that is in the bank.
                foreach (var shape in c.Shapes)
                {
                    using var generator = new Generator((ulong)(c.Seed + shape.Name[1]), CPU);
                    foreach (var flat in (Tensor[])[bank.Values.detach(), bank.Gradients])
                    {
                        foreach (var view in (Tensor[])[flat.Left(bank.Layout[shape.Name]), flat.Lambda(bank.Layout[shape.Name]), flat.Right(bank.Layout[shape.Name])])
                            view.copy_(randn(view.shape, ScalarType.Float64, generator: generator));
                    }
                }

                tracker.Update(bank.Values, bank.Gradients, tensor(true));
                allocator.MakeFinal(bank.Values.detach());
                return allocator.ReadPattern();
            }
        },
        iter: 60);

    [Fact]
    public void Budgets_never_grow_and_stay_between_target_and_start() =>
        Gen.Select(Gen.Int[0, 500], Gen.Double[0, 1], Gen.Int[1, 200], Gen.Double[0, 1], Gen.Double[0, 1]).Sample((start, target, total, a, b) =>
    {
        var initial = (int)(a * (total - 1));
        var final = (int)(b * (total - 1 - initial));
        foreach (var decay in (BudgetDecay[])[BudgetDecay.Cubic, BudgetDecay.Linear, BudgetDecay.OneShot, BudgetDecay.Custom("steps", c => Math.Ceiling(c * 4) / 4)])
        {
            var schedule = new BudgetSchedule(start, (int)(target * start), total, initial, final, 1, decay);
            var budgets = Enumerable.Range(0, total + 2).Select(t => schedule.BudgetAt(t)).ToList();
            Assert.Equal(start, budgets[0]);
            Assert.Equal(schedule.TargetBudget, budgets[^1]);
            Assert.All(budgets.Zip(budgets.Skip(1)), pair => Assert.True(pair.First >= pair.Second));
        }
    });

    private static double[] Draw(Random random, long count) => [.. Enumerable.Range(0, (int)count).Select(_ => random.NextDouble() - 0.5)];

    /// <summary>Algorithm 1 with plain arrays, one matrix after the other.</summary>
    private sealed class NaiveAllocator(IReadOnlyList<TripletShape> shapes, double beta1, double beta2)
    {
        private readonly Dictionary<string, (double[] I, double[] U)> _averages = [];
        private readonly Dictionary<(string Name, int Triplet), double> _scores = [];

        public void Update(BankLayout layout, double[] values, double[] gradients)
        {
            foreach (var slot in shapes.Select(s => layout[s.Name]))
            {
                for (var k = 0; k < slot.Rank; k++)
                {
                    _scores[(slot.Name, k)] =
                        Score(slot.Name + "E" + k, slot.LambdaOffset + k, 1)
                        + Score(slot.Name + "P" + k, slot.LeftOffset + (k * slot.Shape.OutFeatures), slot.Shape.OutFeatures)
                        + Score(slot.Name + "Q" + k, slot.RightOffset + (k * slot.Shape.InFeatures), slot.Shape.InFeatures);
                }
            }

            double Score(string key, long offset, long length)
            {
                var (i, u) = _averages.TryGetValue(key, out var found) ? found : (new double[length], new double[length]);
                for (var e = 0; e < length; e++)
                {
                    var s = Math.Abs(values[offset + e] * gradients[offset + e]);
                    i[e] = (beta1 * i[e]) + ((1 - beta1) * s);
                    u[e] = (beta2 * u[e]) + ((1 - beta2) * Math.Abs(s - i[e]));
                }

                _averages[key] = (i, u);
                return i.Zip(u, (x, y) => x * y).Average();
            }
        }

        public Dictionary<string, bool[]> Keep(int budget)
        {
            var kept = _scores.OrderByDescending(s => s.Value).ThenBy(s => s.Key.Name, StringComparer.Ordinal).ThenBy(s => s.Key.Triplet).Take(budget).Select(s => s.Key).ToHashSet();
            return shapes.ToDictionary(s => s.Name, s => Enumerable.Range(0, s.Rank).Select(k => kept.Contains((s.Name, k))).ToArray());
        }
    }
}
