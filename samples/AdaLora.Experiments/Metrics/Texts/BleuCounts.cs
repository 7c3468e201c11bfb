namespace AdaLora.Experiments.Metrics.Texts;

/// <summary>What BLEU counts in a text, or in several together.</summary>
/// <param name="Correct">Runs of one to four tokens that a reference has too.</param>
/// <param name="All">All such runs.</param>
/// <param name="PredictionLength">Tokens of the prediction.</param>
/// <param name="ReferenceLength">Tokens of the reference that is nearest in length, the shorter one of two.</param>
internal sealed record BleuCounts(IReadOnlyList<int> Correct, IReadOnlyList<int> All, int PredictionLength, int ReferenceLength)
{
    public static BleuCounts None { get; } = new([0, 0, 0, 0], [0, 0, 0, 0], 0, 0);

    /// <param name="prediction">The text to be scored.</param>
    /// <param name="references">What it may say, at least one.</param>
    public static BleuCounts Of(string prediction, params IReadOnlyList<string> references)
    {
        var written = BleuTokens.Of(prediction);
        var expected = references.Select(BleuTokens.Of).ToList();
        var (correct, all) = (new int[4], new int[4]);
        for (var order = 1; order <= 4; order++)
        {
            // As often as in the reference that has the most of it.
            var most = expected.SelectMany(tokens => TokenRuns.Count(tokens, order)).GroupBy(run => run.Key, StringComparer.Ordinal)
                .ToDictionary(group => group.Key, group => group.Max(run => run.Value), StringComparer.Ordinal);
            var found = TokenRuns.Count(written, order);
            (correct[order - 1], all[order - 1]) = (TokenRuns.Shared(found, most), found.Values.Sum());
        }

        return new BleuCounts(correct, all, written.Count, expected.Select(tokens => tokens.Count).OrderBy(count => (Math.Abs(count - written.Count), count)).First());
    }

    public static BleuCounts operator +(BleuCounts one, BleuCounts other) => new(
        [.. one.Correct.Zip(other.Correct, (a, b) => a + b)],
        [.. one.All.Zip(other.All, (a, b) => a + b)],
        one.PredictionLength + other.PredictionLength,
        one.ReferenceLength + other.ReferenceLength);
}
