namespace AdaLora.Experiments.Runs;

/// <summary>Divides a training set into what is trained on and what is kept aside to evaluate on. The same for all seeds, so that runs can be compared.</summary>
/// <param name="Trained">Rows to train on, ascending.</param>
/// <param name="KeptAside">Rows to evaluate on, ascending; none if the dev set is evaluated on.</param>
internal sealed record HeldOutExamples(IReadOnlyList<int> Trained, IReadOnlyList<int> KeptAside)
{
    private const int Seed = 20230310;

    /// <param name="count">Rows of the training set.</param>
    /// <param name="part">The part that is kept aside, at least 0 and below 1. If it is not 0, at least one row is, and at least one is left.</param>
    public static HeldOutExamples Of(int count, double part)
    {
        var rows = Enumerable.Range(0, count).ToArray();
        if (part == 0 || count < 2)
            return new HeldOutExamples(rows, []);
        new Random(Seed).Shuffle(rows);
        var kept = (int)Math.Clamp(Math.Round(count * part), 1, count - 1);
        return new HeldOutExamples([.. rows.Skip(kept).Order()], [.. rows.Take(kept).Order()]);
    }
}
