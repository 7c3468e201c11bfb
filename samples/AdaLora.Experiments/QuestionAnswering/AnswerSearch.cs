namespace AdaLora.Experiments.QuestionAnswering;

/// <summary>Finds the best answers to a question among all spans of its windows.</summary>
/// <param name="BestCount">How many answers are kept, and how many first and last tokens are looked at in each window.</param>
/// <param name="MaxTokens">The greatest length of an answer.</param>
/// <param name="AllowsNone">Whether "no answer" is one of the answers, as in SQuAD 2.0.</param>
internal sealed record AnswerSearch(int BestCount, int MaxTokens, bool AllowsNone)
{
    public FoundAnswers Find(string context, IReadOnlyList<WindowScores> windows)
    {
        var spans = windows.SelectMany(window => Spans(context, window)).ToList();
        var none = windows.Select(window => new AnswerCandidate("", window.Starts[0], window.Ends[0], Place: null)).MinBy(candidate => candidate.Score)!;
        if (AllowsNone)
            spans.Add(none);
        var best = spans.OrderByDescending(candidate => candidate.Score).Take(BestCount).ToList();
        if (AllowsNone && !best.Contains(none))
            best.Add(none);
        if (best.Count == 0)
            best.Add(new AnswerCandidate("empty", 0, 0, Place: null));
        return new FoundAnswers(WithProbabilities(best), none.Score);
    }

    private IEnumerable<AnswerCandidate> Spans(string context, WindowScores window) =>
        from start in Highest(window.Starts)
        from end in Highest(window.Ends)
        where end >= start && end - start < MaxTokens
        let first = window.Offsets[start]
        let last = window.Offsets[end]
        where first is not null && last is not null
        select new AnswerCandidate(context[first.Value.Start..last.Value.End], window.Starts[start], window.Ends[end], (first.Value.Start, last.Value.End));

    private IEnumerable<int> Highest(IReadOnlyList<double> logits) => Enumerable.Range(0, logits.Count).OrderByDescending(i => logits[i]).Take(BestCount);

    private static IReadOnlyList<AnswerCandidate> WithProbabilities(List<AnswerCandidate> candidates)
    {
        var highest = candidates.Max(candidate => candidate.Score);
        var weights = candidates.Select(candidate => Math.Exp(candidate.Score - highest)).ToList();
        var sum = weights.Sum();
        return [.. candidates.Zip(weights, (candidate, weight) => candidate with { Probability = weight / sum })];
    }
}
