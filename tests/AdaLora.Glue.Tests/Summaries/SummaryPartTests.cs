using AdaLora.Glue.Demo;
using AdaLora.Summarization.Pretraining;
using AdaLora.Summarization.Scores;
using AdaLora.Transformers.Tokenization;
using Xunit;

namespace AdaLora.Glue.Tests.Summaries;

public sealed class SummaryPartTests
{
    [Theory]
    [InlineData("One. Two.", "One.")]
    [InlineData("  It costs 3.50 euros today! Really?", "It costs 3.50 euros today!")]
    [InlineData("No end here\nNext line. More.", "No end here")]
    [InlineData("下雨了。一整天。", "下雨了。")]
    [InlineData("", "")]
    public void The_first_sentence_ends_where_a_reader_says(string text, string expected) => Assert.Equal(expected, FirstSentence.Of(text));

    [Fact]
    public void Noise_hides_about_a_third_of_the_words_and_never_the_ends()
    {
        var tokenizer = TextTokenizer.FromFolder(DemoDefaults.EncoderFolder);
        var ids = tokenizer.Encode(string.Join(' ', Enumerable.Repeat("the cats sleep .", 25))).Ids;
        var random = new Random(1);
        var (kept, masks) = (0, 0);
        for (var draw = 0; draw < 200; draw++)
        {
            var noisy = NoisyText.Of(ids, tokenizer, random);
            Assert.Equal((ids[0], ids[^1]), (noisy[0], noisy[^1]));
            Assert.Equal(2, noisy.Count(id => id == ids[0] || id == ids[^1]));
            masks += noisy.Count(id => id == tokenizer.MaskId);
            kept += noisy.Count(id => !tokenizer.IsSpecial(id));
        }

        Assert.InRange(kept / (200.0 * (ids.Count - 2)), 0.65, 0.8);
        Assert.InRange(masks / (200.0 * (ids.Count - 2)), 0.07, 0.15);
    }

    [Fact]
    public void A_text_without_words_has_no_noise()
    {
        var tokenizer = TextTokenizer.FromFolder(DemoDefaults.EncoderFolder);
        Assert.Equal(tokenizer.Encode("").Ids, NoisyText.Of(tokenizer.Encode("").Ids, tokenizer, new Random(1)));
    }
}
