using AdaLora.Allocation;
using AdaLora.Bank;
using AdaLora.Tests.Models;
using Xunit;

namespace AdaLora.Tests.Bank;

/// <summary>Dropping, adding and putting back triplets: everything that belongs to them follows, or nothing changes.</summary>
public sealed class BankResizeTests
{
    public static TheoryData<string> Optimizers => ["fused", "adamw", "sgd"];

    [Theory]
    [MemberData(nameof(Optimizers))]
    public void What_survives_keeps_its_bytes_and_what_is_new_begins_at_0(string optimizer)
    {
        // No mask yet.
        using var life = new Life(optimizer, TinyTask.Options with { InitialPhase = PhaseLength.Steps(15) });
        life.Train(6);
        var (before, former) = (Buffers(life), life.Bank.Roster);
        var dropped = former.Layout["second"].First + 1;

        life.Resize(i => i != dropped, ("first", 3), ("second", 1));

        var (after, roster) = (Buffers(life), life.Bank.Roster);
        Assert.Equal((7, 4, 7, 5), (roster.Layout["first"].Rank, roster.Layout["second"].Rank, roster.CountOf("first"), roster.CountOf("second")));
        Assert.Equal([0, 2, 3, 4], roster.Numbers.Skip(roster.Layout["second"].First).Take(4));
        Assert.Equal(before.Keys, after.Keys);
        var origins = roster.OriginsIn(former);
        foreach (var (name, buffer) in after)
        {
            foreach (var slot in roster.Layout.Slots)
            {
                for (var i = slot.First; i < slot.First + slot.Rank; i++)
                {
                    var triplet = Triplet(buffer, roster.Layout, slot.Name, i - slot.First);
                    var expected = origins[i] >= 0 ? Triplet(before[name], former.Layout, slot.Name, origins[i] - former.Layout[slot.Name].First) : new float[triplet.Length];
                    if (origins[i] < 0 && name == "values")
                        Assert.Equal((0f, false), (triplet[^1], triplet[..^1].Any(v => v == 0 || Math.Abs(v) > 0.2)));
                    else
                        Assert.Equal(expected, triplet);
                }
            }
        }

        life.Train(3);
        Assert.All(Enumerable.Range(0, roster.Layout.Triplets).Where(i => origins[i] < 0), i => Assert.NotEqual(0, life.Bank.Values.Lambdas(roster.Layout)[i].item<float>()));
    }

    [Fact]
    public void Adding_triplets_leaves_what_the_model_computes()
    {
        using var life = new Life("fused");
        life.Train(6);
        var before = TrainedTiny.Outputs(life.Model);

        life.Resize(_ => true, ("first", 2), ("second", 5));

        Assert.All(before.Zip(TrainedTiny.Outputs(life.Model)), o => Assert.Equal(o.First, o.Second, 1e-6));
        Assert.Equal(15, life.Adapted.Report().Modules.Sum(m => m.LiveRank));
        Assert.Equal([4, 4], life.Adapted.Report().Modules.Select(m => m.InitialRank));
    }

    [Fact]
    public void With_a_seed_a_new_triplet_depends_on_its_matrix_and_number_alone()
    {
        using var one = new Life("fused");
        using var two = new Life("adamw");
        using var other = new Life("fused", TinyTask.Options with { Seed = 2 });
        two.Resize(_ => true, ("first", 1));
        two.Resize(i => i % 2 == 0, ("second", 4));
        two.Resize(_ => true, ("first", 1));
        one.Resize(i => i > 0, ("first", 2));
        other.Resize(_ => true, ("first", 2));

        Assert.Equal(Newest(one), Newest(two));
        Assert.NotEqual(Newest(one), Newest(other));
        float[] Newest(Life life) => Triplet(life.Bank.Values.data<float>().ToArray(), life.Bank.Layout, "first", life.Bank.Layout["first"].Rank - 1);
    }

    [Theory]
    [MemberData(nameof(Optimizers))]
    public void Weights_of_before_triplets_were_added_come_back_and_those_of_after_too(string optimizer)
    {
        using var life = new Life(optimizer);
        life.Train(4);
        using var before = life.Target.Capture();
        var (outputs, ranks) = (TrainedTiny.Outputs(life.Model), life.Adapted.Adapters.Select(a => a.Rank).ToList());
        life.Resize(i => i is not (0 or 5), ("second", 3));
        life.Train(4);
        using var after = life.Target.Capture();
        var (laterOutputs, laterRanks, numbers) = (TrainedTiny.Outputs(life.Model), life.Adapted.Adapters.Select(a => a.Rank).ToList(), life.Bank.Roster.Numbers);

        before.Restore();
        Assert.Equal(ranks, life.Adapted.Adapters.Select(a => a.Rank));
        Assert.Equal(outputs, TrainedTiny.Outputs(life.Model));
        Assert.All(life.Moments().Values, m => Assert.Equal(life.Bank.Layout.Elements, m.Length));
        life.Train(3);

        after.Restore();
        Assert.Equal(laterRanks, life.Adapted.Adapters.Select(a => a.Rank));
        Assert.Equal(numbers, life.Bank.Roster.Numbers);
        Assert.Equal(laterOutputs, TrainedTiny.Outputs(life.Model));
        life.Train(3);
    }

    public static TheoryData<string, string> Changes =>
        new(from optimizer in (string[])["fused", "adamw"] from change in (string[])["compact", "grow", "restore", "resume"] select (optimizer, change));

    /// <summary>Makes the change fail at each of its steps, in each follower, and compares everything with the state before, and further training with training in which nothing was tried.</summary>
    [Theory]
    [MemberData(nameof(Changes))]
    public void A_change_that_fails_at_any_step_changes_nothing(string optimizer, string change)
    {
        var bomb = new Life.Bomb();
        using var life = Prepare(bomb.AddTo);
        using var twin = Prepare(_ => { });
        using var kept = life.Kept;
        using var keptTwin = twin.Kept;
        var before = life.Everything();
        Assert.Equal(before, twin.Everything());
        var failures = 0;
        for (var at = Life.Bomb.WhenTold; at <= bomb.Seen + 1; at++)
        {
            bomb.At = at > bomb.Seen ? Life.Bomb.AfterAll : at;
            Assert.Throws<Life.BombException>(() => life.Do(change));
            Assert.Equal(before, life.Everything());
            failures++;
        }

        // The bank, the tracker, two adapters and the allocator are notified before the bomb.
        Assert.InRange(failures, 20, 100);
        bomb.At = null;
        life.Train(2);
        twin.Train(2);
        Assert.Equal(life.Everything(), twin.Everything());
        life.Do(change);
        twin.Do(change);
        Assert.Equal(life.Everything(), twin.Everything());
        life.Train(2);
        twin.Train(2);
        Assert.Equal(life.Everything(), twin.Everything());

        Life Prepare(Action<TripletBank> arm)
        {
            var prepared = new Life(optimizer, beforeOptimizer: arm);
            prepared.Train(5);
            prepared.Keep();
            prepared.Resize(i => i != 3, ("first", 2));
            prepared.Train(change == "compact" ? 18 : 4);
            return prepared;
        }
    }

    private static SortedDictionary<string, float[]> Buffers(Life life)
    {
        var all = new SortedDictionary<string, float[]>(life.Moments(), StringComparer.Ordinal)
        {
            ["values"] = life.Bank.Values.data<float>().ToArray(),
            ["gradients"] = life.Bank.Gradients.data<float>().ToArray(),
            ["sensitivity"] = life.Adapted.Tracker.Sensitivity.data<float>().ToArray(),
            ["uncertainty"] = life.Adapted.Tracker.Uncertainty.data<float>().ToArray(),
        };
        return all;
    }

    // P, Q and lambda of one triplet.
    private static float[] Triplet(float[] buffer, BankLayout layout, string matrix, int index)
    {
        var (slot, shape) = (layout[matrix], layout[matrix].Shape);
        return
        [
            .. buffer.AsSpan((int)(slot.LeftOffset + (index * shape.OutFeatures)), (int)shape.OutFeatures),
            .. buffer.AsSpan((int)(slot.RightOffset + (index * shape.InFeatures)), (int)shape.InFeatures),
            buffer[slot.LambdaOffset + index],
        ];
    }
}
