using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Generation;

/// <summary>What narrows the choice before a token is drawn, in the order of the reference: temperature, top-k, top-p, min-p, typical. Words that are left out get minus infinity.</summary>
/// <param name="options">The options.</param>
/// <param name="atLeast">How many words stay in any case.</param>
internal sealed class SamplingRules(GenerationOptions options, int atLeast = 1)
{
    public void Apply(Span<double> scores)
    {
        if (options.Temperature != 1)
        {
            foreach (ref var score in scores)
                score /= options.Temperature;
        }

        if (options.TopK is { } count)
            KeepLikeliest(scores, Math.Max(count, atLeast));
        if (options.TopP < 1)
            KeepMass(scores, options.TopP);
        if (options.MinP > 0)
            KeepShare(scores, options.MinP);
        if (options.TypicalP < 1)
            KeepTypical(scores, options.TypicalP);
    }

    /// <summary>Scores to probabilities, in place.</summary>
    public static void SoftMax(Span<double> scores)
    {
        var (highest, sum) = (Highest(scores), 0.0);
        foreach (ref var score in scores)
            sum += score = Math.Exp(score - highest);
        foreach (ref var score in scores)
            score /= sum;
    }

    /// <summary>Scores to log-probabilities, in place.</summary>
    public static void LogSoftMax(Span<double> scores)
    {
        var (highest, sum) = (Highest(scores), 0.0);
        foreach (var score in scores)
            sum += Math.Exp(score - highest);
        var shift = highest + Math.Log(sum);
        foreach (ref var score in scores)
            score -= shift;
    }

    private static double Highest(ReadOnlySpan<double> scores)
    {
        var highest = double.NegativeInfinity;
        foreach (var score in scores)
            highest = Math.Max(highest, score);
        return highest;
    }

    // All that equal the last one stay.
    private static void KeepLikeliest(Span<double> scores, int count)
    {
        if (count >= scores.Length)
            return;
        var kept = new PriorityQueue<double, double>(count + 1);
        foreach (var score in scores)
        {
            if (kept.Count < count)
                kept.Enqueue(score, score);
            else if (score > kept.Peek())
                kept.DequeueEnqueue(score, score);
        }

        LeaveOut(scores, kept.Peek());
    }

    private void KeepMass(Span<double> scores, double mass)
    {
        var probabilities = scores.ToArray();
        SoftMax(probabilities);
        // All words below this together are less than what may be left out, so that only the others need an order.
        var (clear, left) = ((1 - mass) / scores.Length, 0.0);
        var rest = new List<int>();
        for (var id = 0; id < probabilities.Length; id++)
        {
            if (probabilities[id] < clear)
                left += probabilities[id];
            else
                rest.Add(id);
        }

        rest.Sort((a, b) => probabilities[a] != probabilities[b] ? probabilities[a].CompareTo(probabilities[b]) : a.CompareTo(b));
        var kept = new HashSet<int>(rest.Count);
        for (var place = 0; place < rest.Count; place++)
        {
            left += probabilities[rest[place]];
            if (left > 1 - mass || place >= rest.Count - atLeast)
                kept.Add(rest[place]);
        }

        KeepOnly(scores, kept);
    }

    private void KeepShare(Span<double> scores, double share)
    {
        // In terms of scores: p < share x highest.
        var kept = new PriorityQueue<int, double>();
        var limit = Highest(scores) + Math.Log(share);
        for (var id = 0; id < scores.Length; id++)
        {
            kept.Enqueue(id, scores[id]);
            if (kept.Count > atLeast)
                kept.Dequeue();
        }

        var best = kept.UnorderedItems.Select(item => item.Element).ToHashSet();
        for (var id = 0; id < scores.Length; id++)
        {
            if (scores[id] < limit && !best.Contains(id))
                scores[id] = double.NegativeInfinity;
        }
    }

    private void KeepTypical(Span<double> scores, double mass)
    {
        var logs = scores.ToArray();
        LogSoftMax(logs);
        var entropy = logs.Where(log => log > double.NegativeInfinity).Sum(log => -log * Math.Exp(log));
        var distances = logs.Select(log => Math.Abs(-log - entropy)).ToArray();
        var order = Enumerable.Range(0, logs.Length).Where(id => logs[id] > double.NegativeInfinity).ToArray();
        Array.Sort(order, (a, b) => distances[a] != distances[b] ? distances[a].CompareTo(distances[b]) : a.CompareTo(b));
        var (sum, last) = (0.0, 0);
        while (last < order.Length && (sum += Math.Exp(logs[order[last]])) < mass)
            last++;
        var limit = distances[order[Math.Min(last, order.Length - 1)]];
        KeepOnly(scores, [.. order.Where((id, place) => distances[id] <= limit || place < atLeast)]);
    }

    private static void LeaveOut(Span<double> scores, double below)
    {
        foreach (ref var score in scores)
        {
            if (score < below)
                score = double.NegativeInfinity;
        }
    }

    private static void KeepOnly(Span<double> scores, HashSet<int> kept)
    {
        for (var id = 0; id < scores.Length; id++)
        {
            if (!kept.Contains(id))
                scores[id] = double.NegativeInfinity;
        }
    }
}
