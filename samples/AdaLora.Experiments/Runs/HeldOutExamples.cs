namespace AdaLora.Experiments.Runs;

/// <summary>Divides a training set into what is trained on and what is kept aside to evaluate on. The same for all seeds, so that runs can be compared.</summary>
/// <param name="Trained">Rows to train on, ascending.</param>
/// <param name="KeptAside">Rows to evaluate on, ascending; none if the dev set is evaluated on.</param>
internal sealed record HeldOutExamples(IReadOnlyList<int> Trained, IReadOnlyList<int> KeptAside)
{
    private const int Seed = 20230310;

    /// <param name="count">Rows of the training set.</param>
    /// <param name="part">The part that is kept aside, at least 0 and below 1. If it is not 0, at least one row is, and at least one is left.</param>
    /// <param name="groupOf">The group of a row; groups are not divided. Each row is a group of its own if null.</param>
    public static HeldOutExamples Of(int count, double part, Func<int, int>? groupOf = null)
    {
        var rows = Enumerable.Range(0, count).ToList();
        var groups = rows.Select(row => groupOf?.Invoke(row) ?? row).Distinct().ToArray();
        if (part == 0 || groups.Length < 2)
            return new HeldOutExamples(rows, []);
        new Random(Seed).Shuffle(groups);
        var kept = groups.Take((int)Math.Clamp(Math.Round(groups.Length * part), 1, groups.Length - 1)).ToHashSet();
        var byPlace = rows.ToLookup(row => kept.Contains(groupOf?.Invoke(row) ?? row));
        return new HeldOutExamples([.. byPlace[false]], [.. byPlace[true]]);
    }
}
