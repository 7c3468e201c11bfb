using System.Globalization;
using System.Text;
using AdaLora.Allocation;
using AdaLora.Targeting;

namespace AdaLora;

/// <summary>Writes a plan as plain text.</summary>
internal static class PlanText
{
    public static string Write(AdaptationPlan plan)
    {
        var text = new StringBuilder();
        Table(text, $"adapted: {Count(plan.Adapters.Count, "layer", "layers")}", ["name", "kind", "out x in", "rank", "alpha", "parameters", "attached by"],
            plan.Adapters.Select(a => (string[])[ReadableName.Of(a.Name), a.Kind, $"{a.OutFeatures} x {a.InFeatures}", $"{Number(a.InitialRank)}{new RankLimits(a.MinimumRank, a.MaximumRank).Suffix}",
                a.Alpha.ToString("0.###", CultureInfo.InvariantCulture), Number(a.Parameters), Way(a)]));
        Table(text, $"not adapted: {Count(plan.NotAdapted.Count, "module", "modules")}", ["name", "kind", "out x in", "why"],
            plan.NotAdapted.Select(m => (string[])[ReadableName.Of(m.Name), m.Kind, m.Size, m.IsRefused ? $"refused: {m.Reason}" : m.Reason]));
        var target = plan.LeastTargetParameters == plan.MostTargetParameters ? Number(plan.LeastTargetParameters) : $"{Number(plan.LeastTargetParameters)} to {Number(plan.MostTargetParameters)}";
        text.AppendLine(CultureInfo.InvariantCulture,
            $"parameters: {Number(plan.ModelParameters)} in the model, of which {Number(plan.TrainedInFullParameters)} trained in full and {Number(plan.FrozenParameters)} frozen");
        var budget = plan.BudgetUnit == BudgetUnit.Triplets ? Count(plan.TargetBudget, "triplet", "triplets") : Count(plan.TargetBudget, "parameter", "parameters");
        text.AppendLine(CultureInfo.InvariantCulture,
            $"adapters: {Number(plan.AdapterParameters)} parameters at the start, {target} at the target budget of {budget}");
        text.AppendLine(CultureInfo.InvariantCulture, $"trained at the start: {100 * plan.TrainedShare:0.###} %");
        if (!plan.LearningRateFactors.AreOne)
            text.AppendLine(CultureInfo.InvariantCulture, $"learning rates: {plan.LearningRateFactors}");
        List(text, "warnings", plan.Warnings);
        List(text, "problems", plan.Problems);
        return text.ToString();
    }

    private static void Table(StringBuilder text, string title, string[] head, IEnumerable<string[]> rows)
    {
        var lines = rows.Prepend(head).ToList();
        text.AppendLine(title);
        if (lines.Count == 1)
            return;
        var widths = head.Select((_, column) => lines.Max(line => line[column].Length)).ToArray();
        foreach (var line in lines)
            text.Append("  ").AppendLine(string.Join("  ", line.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
    }

    private static void List(StringBuilder text, string title, IReadOnlyList<string> sentences)
    {
        if (sentences.Count == 0)
            return;
        text.AppendLine(CultureInfo.InvariantCulture, $"{title}:");
        foreach (var sentence in sentences)
            text.Append("  ").AppendLine(sentence.ReplaceLineEndings(Environment.NewLine + "    "));
    }

    private static string Way(PlannedAdapter adapter) =>
        adapter.AttachmentReason.Length == 0 ? adapter.Attachment.ToString() : $"{adapter.Attachment}: {adapter.AttachmentReason}";

    private static string Count(int count, string one, string many) => $"{Number(count)} {(count == 1 ? one : many)}";

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
