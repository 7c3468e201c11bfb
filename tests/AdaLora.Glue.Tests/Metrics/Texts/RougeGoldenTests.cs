using System.Text.Json;
using AdaLora.Experiments.Metrics.Texts;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Glue.Tests.Metrics.Texts;

/// <summary>ROUGE against the package rouge-score.</summary>
public sealed class RougeGoldenTests
{
    private static readonly JsonElement Golden = JsonDocument.Parse(File.ReadAllText(TestMaterial.RequireGolden("metrics", "rouge.json"))).RootElement;

    [Theory]
    [InlineData("stemmed")]
    [InlineData("unstemmed")]
    public void All_scores_of_all_cases_match(string kind)
    {
        var rouge = new Rouge(kind == "stemmed" ? RougeTokenizer.Stemmed : RougeTokenizer.Plain);
        var cases = Golden.GetProperty("cases").EnumerateArray().ToList();
        Assert.Equal(48, cases.Count);
        foreach (var row in cases)
        {
            var scores = rouge.Score(row.GetProperty("reference").GetString()!, row.GetProperty("prediction").GetString()!);
            foreach (var (name, score) in Rouge.Names.Zip(scores))
            {
                var expected = row.GetProperty(kind).GetProperty(name);
                Assert.Equal(expected.GetProperty("precision").GetDouble(), score.Precision, 1e-12);
                Assert.Equal(expected.GetProperty("recall").GetDouble(), score.Recall, 1e-12);
                Assert.Equal(expected.GetProperty("f").GetDouble(), score.F, 1e-12);
            }
        }
    }

    [Fact]
    public void Means_match()
    {
        var rouge = new Rouge(RougeTokenizer.Stemmed);
        var scores = Golden.GetProperty("cases").EnumerateArray().Select(row => rouge.Score(row.GetProperty("reference").GetString()!, row.GetProperty("prediction").GetString()!)).ToList();
        for (var name = 0; name < Rouge.Names.Count; name++)
            Assert.Equal(Golden.GetProperty("mean_stemmed").GetProperty(Rouge.Names[name]).GetDouble(), scores.Average(row => row[name].F), 1e-12);
    }

    [Fact]
    public void Tokens_match()
    {
        foreach (var row in Golden.GetProperty("cases").EnumerateArray())
        {
            foreach (var side in (string[])["reference", "prediction"])
                Assert.Equal(row.GetProperty($"{side}_tokens").EnumerateArray().Select(token => token.GetString()), RougeTokenizer.Stemmed.Tokens(row.GetProperty(side).GetString()!));
        }
    }

    [Fact]
    public void Stems_match()
    {
        var stems = Golden.GetProperty("stems").EnumerateObject().ToList();
        Assert.Equal(191, stems.Count);
        // Short words are left as they are.
        Assert.All(stems, stem => Assert.Equal(stem.Value.GetString(), Assert.Single(RougeTokenizer.Stemmed.Tokens(stem.Name))));
    }
}
