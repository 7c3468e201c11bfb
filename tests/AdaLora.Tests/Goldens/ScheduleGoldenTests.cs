using System.Text.Json;
using AdaLora.Allocation;
using Xunit;

namespace AdaLora.Tests.Goldens;

public sealed class ScheduleGoldenTests
{
    public static TheoryData<int, string> Cases => GoldenSet.Cases("schedule");

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Cases))]
    public void Budget_and_mask_flag_are_exact_at_every_step(int index, string name)
    {
        using var golden = GoldenSet.Open("schedule");
        var item = golden.Json.GetProperty("cases")[index];
        int Setting(string key) => item.GetProperty(key).GetInt32();
        var schedule = new BudgetSchedule(
            Setting("init_budget"), Setting("target_budget"), Setting("total_step"), Setting("tinit"), Setting("tfinal"), Setting("deltaT"));

        var budgets = Expand(item, "budget", e => e.GetInt32());
        var masks = Expand(item, "mask", e => e.GetBoolean());
        Assert.Equal(Setting("finalise_step"), schedule.FirstFinalStep);
        for (var t = 0; t <= Setting("total_step"); t++)
        {
            Assert.True(budgets[t] == schedule.BudgetAt(t), $"{name}: budget at {t} is {schedule.BudgetAt(t)} instead of {budgets[t]}");
            Assert.True(masks[t] == schedule.MasksAt(t), $"{name}: mask flag at {t} is {schedule.MasksAt(t)} instead of {masks[t]}");
        }

        if (item.TryGetProperty("budget_sum", out var sum))
        {
            Assert.Equal(sum.GetInt64(), budgets.Sum(b => (long)b));
            Assert.Equal(item.GetProperty("mask_true_count").GetInt32(), masks.Count(m => m));
        }
    }

    private static T[] Expand<T>(JsonElement item, string key, Func<JsonElement, T> read)
    {
        if (item.GetProperty("encoding").GetString() != "changes")
            return [.. item.GetProperty(key).EnumerateArray().Select(read)];
        var values = new T[item.GetProperty("total_step").GetInt32() + 1];
        foreach (var change in item.GetProperty(key + "_changes").EnumerateArray())
            Array.Fill(values, read(change[1]), change[0].GetInt32(), values.Length - change[0].GetInt32());
        return values;
    }
}
