using System.Text.Json;
using AdaLora.Experiments.QuestionAnswering;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Glue.Tests.Answers;

/// <summary>Exact match and F1 as the official SQuAD scripts give them.</summary>
public sealed class AnswerScoreTests
{
    private const double Tolerance = 1e-12;
    private const double PercentTolerance = 1e-10;

    [Theory]
    [InlineData("v1", 86)]
    [InlineData("v2", 93)]
    public void Every_case_has_the_reference_values(string version, int count)
    {
        var cases = Cases(version);

        Assert.Equal(count, cases.Count);
        Assert.All(cases, expected =>
        {
            var score = version == "v1" ? AnswerScore.OfVersion1(Prediction(expected), Answers(expected)) : AnswerScore.OfVersion2(Prediction(expected), Answers(expected));
            Assert.Equal(expected.GetProperty("exact").GetDouble(), score.Exact, Tolerance);
            Assert.Equal(expected.GetProperty("f1").GetDouble(), score.F1, Tolerance);
        });
    }

    [Fact]
    public void Words_are_those_of_the_reference() => Assert.All(Cases("v1"), expected =>
    {
        Assert.Equal(expected.GetProperty("normalized_prediction").GetString(), AnswerWords.Normalize(Prediction(expected)));
        Assert.Equal(expected.GetProperty("normalized_answers").EnumerateArray().Select(answer => answer.GetString()), Answers(expected).Select(AnswerWords.Normalize));
    });

    [Theory]
    [InlineData("an ant ate the theory", "ant ate theory")]
    [InlineData("A a\u0301 the_end", "\u0301 theend")]
    [InlineData("one\u001Ctwo\u00A0three\u3000four", "one two three four")]
    [InlineData("the²", "the²")]
    [InlineData("𝐚 the 𐐀", "𝐚 𐐨")]
    [InlineData("ΟΔΟΣ. ΣΑΣ", "οδος σας")]
    public void Articles_punctuation_and_spaces_go_as_in_the_scripts(string answer, string expected) => Assert.Equal(expected, AnswerWords.Normalize(answer));

    [Fact]
    public void Totals_are_means_in_percent()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(TestMaterial.RequireGolden("metrics", "squad.json")));
        var (first, second) = (document.RootElement.GetProperty("v1_total"), document.RootElement.GetProperty("v2_total"));
        var metrics = SquadMetrics.OfVersion1([.. Cases("v1").Select(row => new ScoredQuestion(Prediction(row), Answers(row)))]);
        Assert.Equal(first.GetProperty("exact").GetDouble(), metrics["exact_match"]!.Value, PercentTolerance);
        Assert.Equal(first.GetProperty("f1").GetDouble(), metrics["f1"]!.Value, PercentTolerance);

        // Answers of which no word is left don't make a question answerable here; the reference's row says so.
        var metrics2 = SquadMetrics.OfVersion2([.. Cases("v2").Select(row => new ScoredQuestion(Prediction(row), row.GetProperty("has_answer").GetBoolean() ? Answers(row) : []))]);
        foreach (var (section, prefix) in ((string, string)[])[("all", ""), ("has_answer", "HasAns_"), ("no_answer", "NoAns_")])
        {
            Assert.Equal(second.GetProperty(section).GetProperty("exact").GetDouble(), metrics2[prefix + "exact"]!.Value, PercentTolerance);
            Assert.Equal(second.GetProperty(section).GetProperty("f1").GetDouble(), metrics2[prefix + "f1"]!.Value, PercentTolerance);
        }
    }

    [Fact]
    public void Without_questions_no_metric_has_a_value()
    {
        Assert.All(SquadMetrics.OfVersion1([]).Values, Assert.Null);
        Assert.All(SquadMetrics.OfVersion2([]).Values, Assert.Null);
        Assert.All(SquadMetrics.BestThresholds([]).Values, Assert.Null);
    }

    private static List<JsonElement> Cases(string version)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(TestMaterial.RequireGolden("metrics", "squad.json")));
        return [.. document.RootElement.GetProperty(version).Clone().EnumerateArray()];
    }

    private static string Prediction(JsonElement row) => row.GetProperty("prediction").GetString()!;

    private static IReadOnlyList<string> Answers(JsonElement row) => [.. row.GetProperty("answers").EnumerateArray().Select(answer => answer.GetString()!)];
}
