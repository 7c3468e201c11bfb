using AdaLora.Bank;
using CsCheck;
using Xunit;

namespace AdaLora.Tests.Bank;

public sealed class BankLayoutTests
{
    private static readonly Gen<TripletShape[]> Shapes =
        Gen.Select(Gen.Long[1, 5], Gen.Long[1, 5], Gen.Int[0, 4], (rows, columns, rank) => new TripletShape("", rows, columns, rank)).Array[1, 12]
            .Select(shapes => shapes.Select((s, i) => s with { Name = $"m{i}" }).ToArray());

    [Fact]
    public void Every_element_belongs_to_exactly_one_part_of_one_matrix() => Shapes.Sample(shapes =>
    {
        var layout = BankLayout.Create(shapes);
        var owners = new int[layout.Elements];
        foreach (var slot in layout.Slots)
        {
            Count(owners, slot.LeftOffset, slot.Rank * slot.Shape.OutFeatures);
            Count(owners, slot.RightOffset, slot.Rank * slot.Shape.InFeatures);
            Count(owners, slot.LambdaOffset, slot.Rank);
        }

        Assert.All(owners, o => Assert.Equal(1, o));
        Assert.Equal(shapes.Sum(s => s.Rank * (s.OutFeatures + s.InFeatures + 1)), layout.Elements);
        Assert.Equal(Enumerable.Range(0, layout.Triplets).Select(i => (long)i), layout.CanonicalOrder.Order());
    });

    [Fact]
    public void Parts_cover_every_element_once_in_order_and_hold_what_they_say() => Shapes.Sample(shapes =>
    {
        var layout = BankLayout.Create(shapes);
        var parts = layout.Parts.ToList();
        var end = 0L;
        foreach (var part in parts)
        {
            Assert.Equal(end, part.Start);
            end += part.Length;
        }

        Assert.Equal(layout.Elements, end);
        foreach (var slot in layout.Slots.Where(s => s.Rank > 0))
        {
            Assert.Equal(TripletPart.P, parts.Single(p => p.Start <= slot.LeftOffset && slot.LeftOffset < p.Start + p.Length).Kind);
            Assert.Equal(TripletPart.Q, parts.Single(p => p.Start <= slot.RightOffset && slot.RightOffset < p.Start + p.Length).Kind);
        }

        var none = BankLayout.Create(shapes.Select(s => s with { Rank = 0 })).Parts.ToList();
        Assert.Equal(parts.Select(p => p.Kind), none.Select(p => p.Kind));
        var runs = RateRun.Of(layout, new LearningRateFactors { Lambda = 3, P = 2, Q = 2 });
        Assert.Equal(layout.Elements, runs.Sum(r => r.Length));
        Assert.True(runs.Count <= 2);
    });

    [Fact]
    public void Blocks_and_groups_cover_the_same_rows_as_the_matrices() => Shapes.Sample(shapes =>
    {
        var layout = BankLayout.Create(shapes);
        Assert.Equal(layout.Triplets, layout.Blocks.Sum(b => b.Triplets));
        Assert.Equal(layout.Triplets, layout.Groups.Sum(g => g.Triplets));
        foreach (var slot in layout.Slots.Where(s => s.Rank > 0))
        {
            var block = Assert.Single(layout.Blocks, b => b.First <= slot.First && slot.First < b.First + b.Triplets);
            Assert.Equal((slot.Shape.OutFeatures, slot.Shape.InFeatures, slot.Rank), (block.OutFeatures, block.InFeatures, block.Rank));
            Assert.Equal(slot.LeftOffset, block.LeftOffset + ((slot.First - block.First) * block.OutFeatures));
            Assert.Equal(slot.RightOffset, block.RightOffset + ((slot.First - block.First) * block.InFeatures));
        }
    });

    [Fact]
    public void The_layout_does_not_depend_on_the_order_of_registration() => Shapes.Sample(shapes =>
        Assert.Equal(BankLayout.Create(shapes).Slots, BankLayout.Create(shapes.Reverse()).Slots));

    [Fact]
    public void Compaction_keeps_the_elements_of_survivors_and_no_others() =>
        Gen.Select(Shapes, Gen.Int[0, int.MaxValue]).Sample((shapes, seed) =>
        {
            var layout = BankLayout.Create(shapes);
            var random = new Random(seed);
            var survives = Enumerable.Range(0, layout.Triplets).Select(_ => random.Next(2) == 0).ToArray();
            var (first, left) = (TripletRoster.First(layout), TripletRoster.First(layout).Resize(survives));
            var smaller = left.Layout;
            var origins = smaller.OriginsIn(layout, left.OriginsIn(first));
            Assert.Equal(survives.Count(s => s), smaller.Triplets);
            Assert.Equal(smaller.Elements, origins.Distinct().Count());
            foreach (var slot in smaller.Slots)
            {
                var old = layout[slot.Name];
                var kept = Enumerable.Range(0, old.Rank).Where(i => survives[old.First + i]).ToList();
                Assert.Equal(kept.Select(k => old.LambdaOffset + k), origins.Skip((int)slot.LambdaOffset).Take(slot.Rank));
                Assert.Equal(kept.Select(k => old.LeftOffset + (k * old.Shape.OutFeatures)), Enumerable.Range(0, slot.Rank).Select(i => origins[slot.LeftOffset + (i * slot.Shape.OutFeatures)]));
                Assert.Equal(kept.Select(k => old.RightOffset + (k * old.Shape.InFeatures)), Enumerable.Range(0, slot.Rank).Select(i => origins[slot.RightOffset + (i * slot.Shape.InFeatures)]));
            }
        });

    [Theory]
    [InlineData(8, int.MaxValue)]
    [InlineData(8, BankLayout.MaxTriplets / 2 + 1)]
    [InlineData(1L << 40, 1)]
    public void Sizes_that_no_memory_holds_are_refused(long size, int rank) =>
        Assert.Contains("at most", Assert.Throws<ArgumentException>(() => BankLayout.Create([new("a", size, size, rank), new("b", size, size, rank)])).Message, StringComparison.Ordinal);

    [Fact]
    public void Bad_matrices_are_all_listed()
    {
        var message = Assert.Throws<ArgumentException>(() => BankLayout.Create([new("a", 0, 2, 1), new("b", 2, 2, -1), new("c", 1, 1, 1), new("c", 1, 1, 1)])).Message;
        Assert.Contains("'a' has sizes 0 x 2", message, StringComparison.Ordinal);
        Assert.Contains("'b' has rank -1", message, StringComparison.Ordinal);
        Assert.Contains("'c' is listed 2 times", message, StringComparison.Ordinal);
    }

    private static void Count(int[] owners, long offset, long length)
    {
        for (var i = 0L; i < length; i++)
            owners[offset + i]++;
    }
}
