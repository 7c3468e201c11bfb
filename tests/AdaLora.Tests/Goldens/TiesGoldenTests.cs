using System.Text.Json;
using AdaLora.Allocation;
using AdaLora.TestSupport;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Goldens;

public sealed class TiesGoldenTests
{
    public static TheoryData<int, string> Cases => GoldenSet.Cases("ties");

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Cases))]
    public void Exactly_the_budget_is_kept_and_ties_go_to_the_lower_name_and_index(int index, string name)
    {
        using var golden = GoldenSet.Open("ties");
        using var scope = NewDisposeScope();
        var item = golden.Json.GetProperty("cases")[index];
        using var matrices = new GoldenMatrices(golden.Json.GetProperty("matrices"), ScalarType.Float64);
        var bank = matrices.Bank;
        foreach (var slot in bank.Layout.Slots)
        {
            Tensor Part(string part) => golden[$"{name}.{slot.Name}.{part}"];
            GoldenMatrices.Write(bank.Values, slot, Part("A"), Part("E"), Part("B"));
            GoldenMatrices.Write(bank.Gradients, slot, Part("grad_A"), Part("grad_E"), Part("grad_B"));
        }

        var budget = item.GetProperty("budget").GetInt32();
        using var tracker = new ImportanceTracker(bank, item.GetProperty("beta1").GetDouble(), item.GetProperty("beta2").GetDouble());
        // Frozen at its first step, the schedule asks for exactly the budget of the case.
        var allocator = new RankAllocator(bank, new BudgetSchedule(bank.Layout.Triplets, budget, 2, 0, 1), tracker);
        using var finite = tensor(true, device: TestDevice.Current);
        allocator.Track(0, bank.Values, bank.Gradients, finite);

        var scores = matrices.InListedOrder(allocator.Scores(bank.Values)).cpu().data<double>().ToArray();
        // To the last bit if sums are computed in the order of the reference.
        var allowed = TestDevice.Current.type == TorchSharp.DeviceType.CPU ? 0 : 1e-13;
        Assert.All(item.GetProperty("score").EnumerateArray().Zip(scores), pair => Assert.Equal(pair.First.GetDouble(), pair.Second, allowed * Math.Abs(pair.Second)));
        Assert.Equal(item.GetProperty("score").GetArrayLength(), scores.Length);

        Assert.True(allocator.Mask(1, bank.Values));
        var kept = matrices.InListedOrder(allocator.ReadPattern());
        Close.Exactly(ExpectedMask(golden, scores, budget), kept, name);
        if (item.GetProperty("peft_keeps").ValueKind == JsonValueKind.Number && item.GetProperty("peft_keeps").GetInt32() == budget)
            Close.Exactly([.. item.GetProperty("peft_mask").EnumerateArray().Select(e => e.GetInt32() != 0)], kept, name + " against the reference, where that meets the budget");
        Assert.Equal(budget, allocator.ReadPattern().Total);
        Assert.Equal(item.GetProperty("exact_budget_allocator_keeps").GetInt32(), allocator.LiveTriplets);
    }

    // The rule of the README, restated: sort by (score descending, ordinal name, index) and keep the first ones.
    private static bool[] ExpectedMask(GoldenSet golden, double[] scores, int budget)
    {
        var owners = golden.Json.GetProperty("matrices").EnumerateArray()
            .SelectMany(m => Enumerable.Repeat(m.GetProperty("name").GetString()!, m.GetProperty("rank").GetInt32())).ToArray();
        var kept = Enumerable.Range(0, scores.Length)
            .OrderByDescending(i => scores[i]).ThenBy(i => owners[i], StringComparer.Ordinal).ThenBy(i => i).Take(budget).ToHashSet();
        return [.. Enumerable.Range(0, scores.Length).Select(kept.Contains)];
    }
}
