using AdaLora.Transformers.Tokenization;

namespace AdaLora.Summarization.Pretraining;

/// <summary>
/// A piece of text with spans of tokens hidden, each behind a single mask whatever its length (text infilling, Lewis et al., 2020): 30 % of the tokens, in spans of 3 on average, some of which
/// are empty.
/// </summary>
internal static class NoisyText
{
    private const double HiddenShare = 0.3;
    private const double MeanSpan = 3;

    /// <param name="ids">The tokens, special ones at both ends included.</param>
    /// <param name="tokenizer">Knows special tokens and the mask.</param>
    /// <param name="random">Draws spans.</param>
    public static IReadOnlyList<int> Of(IReadOnlyList<int> ids, TextTokenizer tokenizer, Random random)
    {
        var words = Enumerable.Range(0, ids.Count).Where(place => !tokenizer.IsSpecial(ids[place])).ToList();
        var hidden = new Dictionary<int, int>();
        for (var left = (int)Math.Round(words.Count * HiddenShare); left > 0 && words.Count > 0;)
        {
            var length = Math.Min(Poisson(random), left);
            hidden[words[random.Next(words.Count)]] = length;
            left -= Math.Max(1, length);
        }

        var noisy = new List<int>();
        for (var place = 0; place < ids.Count; place++)
        {
            if (!hidden.TryGetValue(place, out var length))
            {
                noisy.Add(ids[place]);
                continue;
            }

            noisy.Add(tokenizer.MaskId!.Value);
            // A span ends where the next one begins, and before the special tokens at the end.
            for (var next = 1; next < length && place + 1 < ids.Count && !tokenizer.IsSpecial(ids[place + 1]) && !hidden.ContainsKey(place + 1); next++)
                place++;
            if (length == 0)
                noisy.Add(ids[place]);
        }

        return noisy;
    }

    private static int Poisson(Random random)
    {
        var (count, product) = (0, random.NextDouble());
        for (var limit = Math.Exp(-MeanSpan); product > limit; product *= random.NextDouble())
            count++;
        return count;
    }
}
