using System.Globalization;
using System.Text.Json;
using AdaLora.Experiments.QuestionAnswering;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Glue.Tests.Answers;

/// <summary>Which questions have an answer, by a threshold that is given or by the best one, as the official script of SQuAD 2.0 finds it.</summary>
public sealed class SquadThresholdTests
{
    private const double Tolerance = 1e-9;

    private readonly JsonElement _golden = Golden();

    [Fact]
    public void Metrics_over_answerable_and_unanswerable_questions_have_the_reference_values()
    {
        var expected = _golden.GetProperty("v2_total");
        var metrics = SquadMetrics.OfVersion2(Questions(), threshold: 1);

        foreach (var name in (string[])["exact", "f1", "HasAns_exact", "HasAns_f1", "NoAns_exact", "NoAns_f1"])
            Assert.Equal(expected.GetProperty(name).GetDouble(), metrics[name]!.Value, Tolerance);
    }

    [Fact]
    public void The_best_threshold_is_that_of_the_reference()
    {
        var expected = _golden.GetProperty("v2_total");
        var metrics = SquadMetrics.BestThresholds(Questions());

        Assert.Equal(expected.GetProperty("best_exact").GetDouble(), metrics["best_exact"]!.Value, Tolerance);
        Assert.Equal(expected.GetProperty("best_exact_threshold").GetDouble(), metrics["best_exact_thresh"]!.Value, Tolerance);
        Assert.Equal(expected.GetProperty("best_f1").GetDouble(), metrics["best_f1"]!.Value, Tolerance);
        Assert.Equal(expected.GetProperty("best_f1_threshold").GetDouble(), metrics["best_f1_thresh"]!.Value, Tolerance);
    }

    [Fact]
    public void A_given_threshold_leaves_questions_without_an_answer()
    {
        var all = _golden.GetProperty("v2_at_threshold").EnumerateObject().ToList();

        Assert.Equal(4, all.Count);
        Assert.All(all, expected =>
        {
            var metrics = SquadMetrics.OfVersion2(Questions(), double.Parse(expected.Name, CultureInfo.InvariantCulture));
            Assert.Equal(expected.Value.GetProperty("exact").GetDouble(), metrics["exact"]!.Value, Tolerance);
            Assert.Equal(expected.Value.GetProperty("f1").GetDouble(), metrics["f1"]!.Value, Tolerance);
        });
    }

    private static JsonElement Golden()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(TestMaterial.RequireGolden("metrics", "more", "squad_v2_thresholds.json")));
        return document.RootElement.Clone();
    }

    private IReadOnlyList<ScoredQuestion> Questions() =>
    [
        .. _golden.GetProperty("v2").EnumerateArray().Select(row => new ScoredQuestion(
            row.GetProperty("prediction").GetString()!,
            [.. row.GetProperty("gold").EnumerateArray().Select(answer => answer.GetString()!)],
            row.GetProperty("no_answer_probability").GetDouble())),
    ];
}
