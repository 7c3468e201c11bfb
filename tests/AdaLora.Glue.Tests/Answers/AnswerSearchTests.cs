using System.Globalization;
using System.Text.Json;
using AdaLora.Experiments.QuestionAnswering;
using AdaLora.Squad.Data;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Glue.Tests.Answers;

/// <summary>From logits to answers, as the reference's post-processing does it.</summary>
public sealed class AnswerSearchTests
{
    private const double Tolerance = 1e-9;
    private const int ListedAnswers = 5;

    [Fact]
    public void Lists_of_answers_are_those_of_the_reference()
    {
        var cases = Cases();

        Assert.Equal(72, cases.Count);
        Assert.All(cases, golden =>
        {
            var found = Search(golden.Expected, allowsNone: false).Find(golden.Context, golden.Windows);
            Assert.Equal(golden.Expected.GetProperty("v1_prediction").GetString(), found.Prediction);
            Assert.Equal(golden.Expected.GetProperty("v1_count").GetInt32(), found.Best.Count);
            var expected = golden.Expected.GetProperty("v1_n_best").EnumerateArray().ToList();
            Assert.Equal(Math.Min(ListedAnswers, found.Best.Count), expected.Count);
            Assert.All(expected.Zip(found.Best), pair =>
            {
                Assert.Equal(pair.First.GetProperty("text").GetString(), pair.Second.Text);
                Assert.Equal(pair.First.GetProperty("score").GetDouble(), pair.Second.Score, Tolerance);
                Assert.Equal(pair.First.GetProperty("probability").GetDouble(), pair.Second.Probability, Tolerance);
            });
        });
    }

    [Fact]
    public void No_answer_competes_as_in_the_reference() => Assert.All(Cases(), golden =>
    {
        var found = Search(golden.Expected, allowsNone: true).Find(golden.Context, golden.Windows);
        Assert.Equal(golden.Expected.GetProperty("v2_null_score").GetDouble(), found.NullScore, Tolerance);
        Assert.Equal(golden.Expected.GetProperty("v2_count").GetInt32(), found.Best.Count);
        Assert.Equal(1, found.Best.Sum(candidate => candidate.Probability), Tolerance);
        var difference = golden.Expected.GetProperty("v2_score_difference");
        Assert.Equal(difference.ValueKind == JsonValueKind.Null, found.NullOdds is null);
        if (found.NullOdds is { } odds)
            Assert.Equal(difference.GetDouble(), odds, Tolerance);
        foreach (var threshold in golden.Expected.GetProperty("v2_prediction_at_threshold").EnumerateObject())
            Assert.Equal(threshold.Value.GetString(), found.PredictionAt(double.Parse(threshold.Name, CultureInfo.InvariantCulture)));
    });

    private static AnswerSearch Search(JsonElement golden, bool allowsNone) => new(golden.GetProperty("n_best_size").GetInt32(), golden.GetProperty("max_answer_length").GetInt32(), allowsNone);

    private static List<(JsonElement Expected, string Context, IReadOnlyList<WindowScores> Windows)> Cases()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(TestMaterial.RequireGolden("metrics", "qa_postprocess.json")));
        var cases = new List<(JsonElement, string, IReadOnlyList<WindowScores>)>();
        var (context, windows) = ("", (IReadOnlyList<WindowScores>)[]);
        foreach (var row in document.RootElement.GetProperty("cases").Clone().EnumerateArray())
        {
            // Given with the first case of a question.
            if (row.TryGetProperty("context", out var given))
                (context, windows) = (given.GetString()!, [.. row.GetProperty("windows").EnumerateArray().Select(window => Window(window, given.GetString()!))]);
            cases.Add((row, context, windows));
        }

        return cases;
    }

    private static WindowScores Window(JsonElement window, string context) => new(
        [
            .. window.GetProperty("offsets").EnumerateArray().Select(offset => offset.ValueKind == JsonValueKind.Null
                ? ((int, int)?)null
                : (CodePointPlaces.ToUnits(context, offset[0].GetInt32())!.Value, CodePointPlaces.ToUnits(context, offset[1].GetInt32())!.Value)),
        ],
        [.. window.GetProperty("start_logits").EnumerateArray().Select(logit => logit.GetDouble())],
        [.. window.GetProperty("end_logits").EnumerateArray().Select(logit => logit.GetDouble())]);
}
