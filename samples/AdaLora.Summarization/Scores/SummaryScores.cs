using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using AdaLora.Experiments.Metrics.Texts;
using AdaLora.Summarization.Data;

namespace AdaLora.Summarization.Scores;

/// <summary>How good summaries are: mean F of each ROUGE, from 0 to 100 as they are published, with the bootstrap's interval of 95 %, and BLEU.</summary>
/// <param name="tokenizer">What ROUGE counts.</param>
/// <param name="documents">The texts with the right summaries.</param>
/// <param name="summaries">The summaries that were written.</param>
internal sealed class SummaryScores(RougeTokenizer tokenizer, IReadOnlyList<Document> documents, IReadOnlyList<string> summaries)
{
    /// <summary>The metric that chooses the best evaluation.</summary>
    public const string Primary = "rouge2";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };
    private static readonly JsonSerializerOptions Line = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Lazy<IReadOnlyList<BootstrapInterval>> _intervals = new(() => Intervals(tokenizer, documents, summaries));

    /// <summary>What is recorded of each evaluation.</summary>
    public IReadOnlyDictionary<string, double?> Metrics()
    {
        var metrics = new OrderedDictionary<string, double?>();
        foreach (var (name, interval) in Rouge.Names.Zip(_intervals.Value))
            metrics.Add(name, interval.Mean);
        var primary = _intervals.Value[Rouge.Names.ToList().IndexOf(Primary)];
        metrics.Add($"{Primary}_low", primary.Low);
        metrics.Add($"{Primary}_high", primary.High);
        return metrics;
    }

    /// <summary>All scores, with those of the first sentences of the texts, and what was written.</summary>
    public IReadOnlyDictionary<string, Func<string>> Files() => new Dictionary<string, Func<string>>
    {
        ["scores.json"] = () => Describe().ToJsonString(Indented) + "\n",
        ["predictions.jsonl"] = () => string.Concat(documents.Zip(summaries, (document, summary) =>
            new JsonObject { ["prediction"] = summary, ["reference"] = document.Summary }.ToJsonString(Line) + "\n")),
    };

    private JsonObject Describe() => new()
    {
        ["rouge_tokens"] = tokenizer.Name,
        ["rouge"] = Describe(_intervals.Value),
        ["rouge_of_first_sentences"] = Describe(Intervals(tokenizer, documents, [.. documents.Select(document => FirstSentence.Of(document.Text))])),
        ["bleu"] = Bleu.OfCorpus(documents.Zip(summaries, (document, summary) => BleuCounts.Of(summary, document.Summary))).Score,
        ["mean_characters"] = summaries.Average(summary => summary.Length),
    };

    private static JsonObject Describe(IReadOnlyList<BootstrapInterval> intervals) => new(Rouge.Names.Zip(intervals, (name, interval) =>
        KeyValuePair.Create(name, (JsonNode?)new JsonObject { ["mean"] = interval.Mean, ["low"] = interval.Low, ["high"] = interval.High })));

    private static IReadOnlyList<BootstrapInterval> Intervals(RougeTokenizer tokenizer, IReadOnlyList<Document> documents, IReadOnlyList<string> summaries)
    {
        var rouge = new Rouge(tokenizer);
        var scores = documents.Zip(summaries).AsParallel().AsOrdered().Select(pair => rouge.Score(pair.First.Summary, pair.Second)).ToList();
        return [.. Enumerable.Range(0, Rouge.Names.Count).Select(name => BootstrapInterval.Of([.. scores.Select(row => 100 * row[name].F)]))];
    }
}
