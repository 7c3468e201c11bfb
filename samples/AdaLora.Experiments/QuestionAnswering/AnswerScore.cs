namespace AdaLora.Experiments.QuestionAnswering;

/// <summary>How good an answer is, as the official SQuAD scripts judge it.</summary>
/// <param name="Exact">1 if it is one of the right answers, otherwise 0.</param>
/// <param name="F1">The harmonic mean of precision and recall over words, for the right answer that gives the highest.</param>
internal readonly record struct AnswerScore(double Exact, double F1)
{
    /// <summary>The score by the rules of SQuAD 1.1, where every question has an answer; nothing if there are no right answers.</summary>
    public static AnswerScore OfVersion1(string prediction, IReadOnlyList<string> answers) => Best(prediction, answers, F1Version1);

    /// <summary>The score by the rules of SQuAD 2.0: without right answers, the empty prediction is the only right one. Answers of which no word is left don't count.</summary>
    public static AnswerScore OfVersion2(string prediction, IReadOnlyList<string> answers)
    {
        IReadOnlyList<string> meaningful = [.. answers.Where(answer => AnswerWords.Of(answer).Count > 0)];
        return Best(prediction, meaningful.Count > 0 ? meaningful : [""], F1Version2);
    }

    private static AnswerScore Best(string prediction, IReadOnlyList<string> answers, Func<IReadOnlyList<string>, IReadOnlyList<string>, double> f1)
    {
        var predicted = AnswerWords.Of(prediction);
        var right = answers.Select(AnswerWords.Of).ToList();
        return new AnswerScore(
            right.Any(predicted.SequenceEqual) ? 1 : 0,
            right.Select(words => f1(predicted, words)).DefaultIfEmpty().Max());
    }

    private static double F1Version2(IReadOnlyList<string> predicted, IReadOnlyList<string> right) =>
        predicted.Count == 0 || right.Count == 0 ? (predicted.Count == right.Count ? 1 : 0) : F1Version1(predicted, right);

    private static double F1Version1(IReadOnlyList<string> predicted, IReadOnlyList<string> right)
    {
        var left = right.CountBy(word => word).ToDictionary();
        var shared = 0;
        foreach (var word in predicted)
        {
            if (left.GetValueOrDefault(word) is > 0 and var count)
            {
                left[word] = count - 1;
                shared++;
            }
        }

        if (shared == 0)
            return 0;
        var (precision, recall) = ((double)shared / predicted.Count, (double)shared / right.Count);
        return 2 * precision * recall / (precision + recall);
    }
}
