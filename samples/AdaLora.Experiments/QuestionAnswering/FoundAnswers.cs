namespace AdaLora.Experiments.QuestionAnswering;

/// <summary>The best answers to a question, the best one first.</summary>
/// <param name="Best">At least one.</param>
/// <param name="NullScore">The score of "no answer".</param>
internal sealed record FoundAnswers(IReadOnlyList<AnswerCandidate> Best, double NullScore)
{
    /// <summary>The best answer that is one; null if there is no candidate at all.</summary>
    public AnswerCandidate? BestSpan => Best.FirstOrDefault(candidate => candidate.Place is not null && candidate.Text.Length > 0);

    /// <summary>By how much the score of "no answer" is above that of the best answer; null if there is no candidate.</summary>
    public double? NullOdds => BestSpan is { } best ? NullScore - best.Score : null;

    /// <summary>The answer if "no answer" is none.</summary>
    public string Prediction => Best[0].Text;

    /// <summary>The best answer; empty if the odds of "no answer" are above a threshold, or if there is no candidate.</summary>
    public string PredictionAt(double nullThreshold) => BestSpan is { } best && NullScore - best.Score <= nullThreshold ? best.Text : "";
}
