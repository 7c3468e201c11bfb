using System.Text.Json.Nodes;
using AdaLora.Experiments.QuestionAnswering;
using AdaLora.Experiments.Reports;
using AdaLora.Squad.Data;

namespace AdaLora.Squad.Tasks;

/// <summary>What a model answered to the questions of a set, with the metrics and files of the official scripts.</summary>
/// <param name="questions">The questions.</param>
/// <param name="found">The answers to each.</param>
/// <param name="nullThreshold">From which odds on a question has no answer; null if every one has one.</param>
internal sealed class Predictions(IReadOnlyList<SquadQuestion> questions, IReadOnlyList<FoundAnswers> found, double? nullThreshold)
{
    /// <summary>Version 2: what the threshold gives, and what the best one would have given.</summary>
    public OrderedDictionary<string, double?> Metrics()
    {
        if (nullThreshold is null)
            return SquadMetrics.OfVersion1(Scored(answers => answers.Prediction));
        var metrics = SquadMetrics.OfVersion2(Scored(Predict));
        foreach (var (name, value) in SquadMetrics.BestThresholds(Scored(answers => answers.BestSpan?.Text ?? "")))
            metrics.Add(name, value);
        return metrics;
    }

    public IReadOnlyDictionary<string, Func<string>> Files()
    {
        var files = new OrderedDictionary<string, Func<string>>
        {
            ["predictions.json"] = () => Json(answers => Predict(answers)),
            ["nbest_predictions.json"] = () => Json(answers => new JsonArray([.. answers.Best.Select(Describe)])),
        };
        if (nullThreshold is not null)
            files.Add("null_odds.json", () => Json(answers => OddsOf(answers)));
        return files;
    }

    private static JsonObject Describe(AnswerCandidate candidate) =>
        new() { ["text"] = candidate.Text, ["probability"] = candidate.Probability, ["start_logit"] = candidate.StartLogit, ["end_logit"] = candidate.EndLogit };

    // Without a candidate, nothing speaks against "no answer": the same as against an answer with a score of 0.
    private static double OddsOf(FoundAnswers answers) => answers.NullOdds ?? answers.NullScore;

    private string Predict(FoundAnswers answers) => nullThreshold is { } threshold ? answers.PredictionAt(threshold) : answers.Prediction;

    private IReadOnlyList<ScoredQuestion> Scored(Func<FoundAnswers, string> predict) =>
        [.. questions.Zip(found, (question, answers) => new ScoredQuestion(predict(answers), [.. question.Answers.Select(answer => answer.Text)], OddsOf(answers)))];

    private string Json(Func<FoundAnswers, JsonNode> describe) =>
        new JsonObject(questions.Zip(found, (question, answers) => KeyValuePair.Create(question.Id, (JsonNode?)describe(answers)))).ToJsonString(ReportJson.Options) + "\n";
}
