namespace AdaLora.Experiments.QuestionAnswering;

/// <summary>An answer that a model may have meant.</summary>
/// <param name="Text">The answer; empty for "no answer".</param>
/// <param name="StartLogit">The logit of its first token.</param>
/// <param name="EndLogit">The logit of its last token.</param>
/// <param name="Place">Where in the context it is, in UTF-16 units; null if it is not from there.</param>
/// <param name="Probability">By the soft-max over all candidates of the question.</param>
internal sealed record AnswerCandidate(string Text, double StartLogit, double EndLogit, (int Start, int End)? Place, double Probability = 0)
{
    public double Score => StartLogit + EndLogit;
}
