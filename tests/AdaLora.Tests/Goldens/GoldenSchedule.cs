using System.Text.Json;
using AdaLora.Allocation;

namespace AdaLora.Tests.Goldens;

internal static class GoldenSchedule
{
    public static BudgetSchedule From(JsonElement json) => new(
        json.GetProperty("init_budget").GetInt32(),
        json.GetProperty("target_budget").GetInt32(),
        json.GetProperty("total_step").GetInt64(),
        json.GetProperty("tinit").GetInt64(),
        json.GetProperty("tfinal").GetInt64(),
        json.GetProperty("deltaT").GetInt64());
}
