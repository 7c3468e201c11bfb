namespace AdaLora.Experiments.Metrics.Texts;

/// <summary>BLEU (Papineni et al., 2002), as sacrebleu computes it: tokens of 13a, letter case kept, exponential smoothing of zero counts.</summary>
/// <param name="Score">From 0 to 100.</param>
/// <param name="Precisions">Those of runs of one to four tokens, in percent.</param>
/// <param name="BrevityPenalty">What the score is multiplied by because the predictions are short.</param>
/// <param name="PredictionLength">In tokens.</param>
/// <param name="ReferenceLength">In tokens, of the reference that is nearest in length.</param>
internal sealed record Bleu(double Score, IReadOnlyList<double> Precisions, double BrevityPenalty, int PredictionLength, int ReferenceLength)
{
    private const int Orders = 4;

    /// <summary>The score of a set of texts together.</summary>
    public static Bleu OfCorpus(IEnumerable<BleuCounts> rows) => Of(rows.Aggregate(BleuCounts.None, (sum, row) => sum + row), usesAllOrders: true);

    /// <summary>The score of one text, in which only runs count for which the prediction is long enough.</summary>
    public static Bleu OfSentence(string prediction, params IReadOnlyList<string> references) => Of(BleuCounts.Of(prediction, references), usesAllOrders: false);

    private static Bleu Of(BleuCounts counts, bool usesAllOrders)
    {
        var penalty = counts.PredictionLength >= counts.ReferenceLength ? 1 : counts.PredictionLength == 0 ? 0 : Math.Exp(1 - (counts.ReferenceLength / (double)counts.PredictionLength));
        var precisions = new double[Orders];
        if (counts.Correct.All(count => count == 0))
            return new Bleu(0, precisions, penalty, counts.PredictionLength, counts.ReferenceLength);
        var (smoothing, orders) = (1.0, Orders);
        for (var order = 0; order < Orders && counts.All[order] > 0; order++)
        {
            if (!usesAllOrders)
                orders = order + 1;
            if (counts.Correct[order] == 0)
                smoothing *= 2;
            precisions[order] = counts.Correct[order] == 0 ? 100 / (smoothing * counts.All[order]) : 100.0 * counts.Correct[order] / counts.All[order];
        }

        var score = precisions.Take(orders).Any(precision => precision == 0) ? 0 : penalty * Math.Exp(precisions.Take(orders).Sum(Math.Log) / orders);
        return new Bleu(score, precisions, penalty, counts.PredictionLength, counts.ReferenceLength);
    }
}
