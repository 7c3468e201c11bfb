using System.Text.Json;
using System.Text.Json.Nodes;
using AdaLora.Experiments.Metrics.Texts;
using AdaLora.Summarization.Data;
using AdaLora.Summarization.Scores;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Glue.Tests.Metrics.Texts;

/// <summary>BLEU against sacrebleu.</summary>
public sealed class BleuGoldenTests
{
    private static readonly JsonElement Golden = JsonDocument.Parse(File.ReadAllText(TestMaterial.RequireGolden("metrics", "more", "bleu.json"))).RootElement;

    private static List<(string Prediction, string[] References, JsonElement Expected)> Sentences =>
        [.. Golden.GetProperty("sentence").EnumerateArray().Select(row =>
            (row.GetProperty("prediction").GetString()!, row.GetProperty("references").EnumerateArray().Select(text => text.GetString()!).ToArray(), row))];

    [Fact]
    public void Scores_of_single_texts_match()
    {
        Assert.Equal(44, Sentences.Count);
        foreach (var (prediction, references, expected) in Sentences)
            Compare(expected, Bleu.OfSentence(prediction, references));
    }

    [Fact]
    public void The_score_of_all_texts_together_matches()
    {
        var expected = Golden.GetProperty("corpus_of_the_single_reference_rows");
        var rows = Sentences.Where(row => row.References.Length == 1).ToList();
        Assert.Equal(expected.GetProperty("rows").GetInt32(), rows.Count);
        Compare(expected, Bleu.OfCorpus(rows.Select(row => BleuCounts.Of(row.Prediction, row.References))));
    }

    [Fact]
    public void The_application_for_summaries_reports_that_score()
    {
        var rows = Sentences.Where(row => row.References.Length == 1).ToList();
        var scores = new SummaryScores(RougeTokenizer.Stemmed, [.. rows.Select(row => new Document("A text.", row.References[0]))], [.. rows.Select(row => row.Prediction)]);

        var written = JsonNode.Parse(scores.Files()["scores.json"]())!["bleu"]!.GetValue<double>();

        Assert.Equal(Golden.GetProperty("corpus_of_the_single_reference_rows").GetProperty("bleu").GetDouble(), written, 1e-9);
    }

    private static void Compare(JsonElement expected, Bleu actual)
    {
        Assert.Equal(expected.GetProperty("bleu").GetDouble(), actual.Score, 1e-9);
        Assert.Equal(expected.GetProperty("brevity_penalty").GetDouble(), actual.BrevityPenalty, 1e-9);
        Assert.Equal((expected.GetProperty("prediction_length").GetInt32(), expected.GetProperty("reference_length").GetInt32()), (actual.PredictionLength, actual.ReferenceLength));
        foreach (var (precision, number) in actual.Precisions.Zip(expected.GetProperty("precisions").EnumerateArray()))
            Assert.Equal(number.GetDouble(), precision, 1e-9);
    }
}
