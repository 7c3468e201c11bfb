namespace AdaLora.Experiments.QuestionAnswering;

/// <summary>The metrics of the official SQuAD scripts over all questions, in percent.</summary>
internal static class SquadMetrics
{
    /// <summary>Those of version 1.1; null without questions.</summary>
    public static OrderedDictionary<string, double?> OfVersion1(IReadOnlyList<ScoredQuestion> questions)
    {
        var scores = questions.Select(question => AnswerScore.OfVersion1(question.Prediction, question.Answers)).ToList();
        return new() { ["f1"] = Percent(scores.Select(score => score.F1)), ["exact_match"] = Percent(scores.Select(score => score.Exact)) };
    }

    /// <summary>Those of version 2.0: over all questions, and over those with and without an answer, as far as there are any.</summary>
    /// <param name="questions">The questions.</param>
    /// <param name="threshold">A question whose odds are above counts as held to have no answer.</param>
    public static OrderedDictionary<string, double?> OfVersion2(IReadOnlyList<ScoredQuestion> questions, double threshold = double.PositiveInfinity)
    {
        var scores = questions.Select(question => Score(question, threshold)).ToList();
        var metrics = new OrderedDictionary<string, double?> { ["f1"] = Percent(scores.Select(score => score.F1)), ["exact"] = Percent(scores.Select(score => score.Exact)) };
        foreach (var (name, hasAnswer) in ((string, bool)[])[("HasAns", true), ("NoAns", false)])
        {
            var some = questions.Zip(scores).Where(pair => HasAnswer(pair.First) == hasAnswer).Select(pair => pair.Second).ToList();
            if (some.Count == 0)
                continue;
            metrics.Add($"{name}_f1", Percent(some.Select(score => score.F1)));
            metrics.Add($"{name}_exact", Percent(some.Select(score => score.Exact)));
        }

        return metrics;
    }

    /// <summary>The best that any threshold on the odds gives, and that threshold.</summary>
    /// <param name="questions">Questions whose predictions are the best answers other than none.</param>
    /// <remarks>
    /// The best may be below what <see cref="OfVersion2"/> gives: here, as in the official script, any prediction for a question without an answer costs a point, even one of which no word is left.
    /// </remarks>
    public static OrderedDictionary<string, double?> BestThresholds(IReadOnlyList<ScoredQuestion> questions)
    {
        var scores = questions.Select(question => AnswerScore.OfVersion2(question.Prediction, question.Answers)).ToList();
        var (exact, exactThreshold) = Best(questions, i => scores[i].Exact);
        var (f1, f1Threshold) = Best(questions, i => scores[i].F1);
        return new() { ["best_exact"] = exact, ["best_exact_thresh"] = exactThreshold, ["best_f1"] = f1, ["best_f1_thresh"] = f1Threshold };
    }

    private static AnswerScore Score(ScoredQuestion question, double threshold)
    {
        if (question.NullOdds <= threshold)
            return AnswerScore.OfVersion2(question.Prediction, question.Answers);
        var score = HasAnswer(question) ? 0 : 1;
        return new AnswerScore(score, score);
    }

    // From "nothing has an answer" on, question by question as the threshold rises.
    private static (double? Score, double? Threshold) Best(IReadOnlyList<ScoredQuestion> questions, Func<int, double> scoreOf)
    {
        if (questions.Count == 0)
            return (null, null);
        double sum = questions.Count(question => !HasAnswer(question));
        var (best, threshold) = (sum, 0.0);
        foreach (var i in Enumerable.Range(0, questions.Count).OrderBy(i => questions[i].NullOdds))
        {
            sum += HasAnswer(questions[i]) ? scoreOf(i) : questions[i].Prediction.Length > 0 ? -1 : 0;
            if (sum > best)
                (best, threshold) = (sum, questions[i].NullOdds);
        }

        return (100 * best / questions.Count, threshold);
    }

    private static bool HasAnswer(ScoredQuestion question) => question.Answers.Count > 0;

    private static double? Percent(IEnumerable<double> scores) => scores.Select(score => (double?)score).DefaultIfEmpty().Average() * 100;
}
