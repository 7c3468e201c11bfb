namespace AdaLora.Experiments.Metrics.Texts;

/// <summary>ROUGE-1, ROUGE-2, ROUGE-L and ROUGE-Lsum (Lin, 2004), as the package rouge-score computes them.</summary>
/// <param name="tokenizer">Cuts texts into tokens.</param>
internal sealed class Rouge(RougeTokenizer tokenizer)
{
    /// <summary>The names of the scores, in their order.</summary>
    public static IReadOnlyList<string> Names { get; } = ["rouge1", "rouge2", "rougeL", "rougeLsum"];

    /// <summary>The scores in the order of <see cref="Names"/>.</summary>
    /// <param name="reference">The text to be compared with.</param>
    /// <param name="prediction">The text to be scored.</param>
    public IReadOnlyList<RougeScore> Score(string reference, string prediction)
    {
        var (target, written) = (tokenizer.Tokens(reference), tokenizer.Tokens(prediction));
        return [OfRuns(target, written, 1), OfRuns(target, written, 2), OfSequence(target, written), OfSentences(Sentences(reference), Sentences(prediction))];
    }

    private static RougeScore OfRuns(IReadOnlyList<string> target, IReadOnlyList<string> written, int length)
    {
        var (expected, found) = (TokenRuns.Count(target, length), TokenRuns.Count(written, length));
        return RougeScore.Of(TokenRuns.Shared(expected, found), found.Values.Sum(), expected.Values.Sum());
    }

    private static RougeScore OfSequence(IReadOnlyList<string> target, IReadOnlyList<string> written) =>
        RougeScore.Of(LongestCommon(target, written)[target.Count, written.Count], written.Count, target.Count);

    // Each sentence of the reference is compared with all of the prediction: what it shares with any of them counts, but no token counts more often than it occurs.
    private static RougeScore OfSentences(IReadOnlyList<IReadOnlyList<string>> target, IReadOnlyList<IReadOnlyList<string>> written)
    {
        var (expected, found) = (TokenRuns.Count([.. target.SelectMany(s => s)], 1), TokenRuns.Count([.. written.SelectMany(s => s)], 1));
        var (expectedCount, foundCount, hits) = (expected.Values.Sum(), found.Values.Sum(), 0);
        foreach (var sentence in target)
        {
            foreach (var place in written.SelectMany(other => PlacesShared(sentence, other)).Distinct().Order())
            {
                var token = sentence[place];
                if (expected[token] <= 0 || found.GetValueOrDefault(token) <= 0)
                    continue;
                hits++;
                expected[token]--;
                found[token]--;
            }
        }

        return RougeScore.Of(hits, foundCount, expectedCount);
    }

    private IReadOnlyList<IReadOnlyList<string>> Sentences(string text) => [.. text.Split('\n').Where(line => line.Length > 0).Select(tokenizer.Tokens)];

    // The lengths of the longest common subsequences of all beginnings.
    private static int[,] LongestCommon(IReadOnlyList<string> target, IReadOnlyList<string> written)
    {
        var lengths = new int[target.Count + 1, written.Count + 1];
        for (var i = 1; i <= target.Count; i++)
        {
            for (var j = 1; j <= written.Count; j++)
                lengths[i, j] = target[i - 1] == written[j - 1] ? lengths[i - 1, j - 1] + 1 : Math.Max(lengths[i - 1, j], lengths[i, j - 1]);
        }

        return lengths;
    }

    private static IEnumerable<int> PlacesShared(IReadOnlyList<string> target, IReadOnlyList<string> written)
    {
        var lengths = LongestCommon(target, written);
        var (i, j) = (target.Count, written.Count);
        while (i > 0 && j > 0)
        {
            if (target[i - 1] == written[j - 1])
            {
                yield return i - 1;
                (i, j) = (i - 1, j - 1);
            }
            else if (lengths[i, j - 1] > lengths[i - 1, j])
            {
                j--;
            }
            else
            {
                i--;
            }
        }
    }
}
