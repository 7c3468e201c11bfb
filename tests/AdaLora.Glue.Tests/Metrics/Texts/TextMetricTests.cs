using AdaLora.Experiments.Metrics.Texts;
using Xunit;

namespace AdaLora.Glue.Tests.Metrics.Texts;

public sealed class TextMetricTests
{
    /// <summary>A text that the usual tokenizer does not see would score 0 even against itself.</summary>
    [Theory]
    [InlineData("Дождь идёт весь день.", 4)]
    [InlineData("下雨了 一整天", 6)]
    [InlineData("ฝนตก", 4)]
    [InlineData("بارش ہوئی", 2)]
    [InlineData("दिन भर बारिश", 3)]
    public void Texts_without_latin_letters_are_scored_by_a_tokenizer_that_sees_them(string text, int tokens)
    {
        Assert.Equal(0, new Rouge(RougeTokenizer.Stemmed).Score(text, text)[0].F);
        var tokenizer = RougeTokenizer.For(["An English text.", text]);
        Assert.Equal(("unicode", tokens), (tokenizer.Name, tokenizer.Tokens(text).Count));
        Assert.All(new Rouge(tokenizer).Score(text, text), score => Assert.Equal(1, score.F, 1e-12));
    }

    [Theory]
    [InlineData("")]
    [InlineData("... !")]
    [InlineData("Größe is part Latin")]
    public void Other_texts_keep_the_tokenizer_of_published_scores(string text) => Assert.Equal("latin-stemmed", RougeTokenizer.For(["An English text.", text]).Name);

    [Fact]
    public void An_interval_holds_the_mean_and_narrows_with_the_number_of_values()
    {
        var few = BootstrapInterval.Of([.. Enumerable.Range(0, 20).Select(i => i % 2.0)]);
        var many = BootstrapInterval.Of([.. Enumerable.Range(0, 2000).Select(i => i % 2.0)]);
        Assert.Equal((0.5, 0.5), (few.Mean, many.Mean));
        // The standard error of a fair coin is 0.5 / root of the number, of which the interval is 1.96 on both sides.
        Assert.Equal(0.5 - (1.96 * 0.5 / Math.Sqrt(20)), few.Low, 0.03);
        Assert.Equal(0.5 + (1.96 * 0.5 / Math.Sqrt(2000)), many.High, 0.004);
        Assert.Equal(few, BootstrapInterval.Of([.. Enumerable.Range(0, 20).Select(i => i % 2.0)]));
        Assert.Equal(new BootstrapInterval(3, 3, 3), BootstrapInterval.Of([3]));
    }
}
