namespace AdaLora.Experiments.QuestionAnswering;

/// <summary>A question with a prediction and what is right.</summary>
/// <param name="Prediction">The predicted answer; empty if the question is held to have none.</param>
/// <param name="Answers">The right answers; none if there is none to be found.</param>
/// <param name="NullOdds">How much more likely "no answer" is than the prediction: a probability or a difference of scores.</param>
internal sealed record ScoredQuestion(string Prediction, IReadOnlyList<string> Answers, double NullOdds = 0);
