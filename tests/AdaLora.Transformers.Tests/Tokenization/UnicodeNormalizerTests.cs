using System.Text;
using AdaLora.Transformers.Tokenization.Normalizers;
using AdaLora.Transformers.Tokenization.Pipeline;
using Xunit;

namespace AdaLora.Transformers.Tests.Tokenization;

public sealed class UnicodeNormalizerTests
{
    public static TheoryData<NormalizationForm> Forms => [.. Enum.GetValues<NormalizationForm>()];

    [Theory]
    [MemberData(nameof(Forms))]
    public void The_text_is_what_the_runtime_makes_of_it(NormalizationForm form)
    {
        var (normalizer, texts) = (new UnicodeNormalizer(form), new RandomTexts(11));
        for (var i = 0; i < 2000; i++)
        {
            var text = texts.Next();
            Assert.Equal(text.Normalize(form), Apply(normalizer, text).Span.ToString());
        }
    }

    /// <summary>Marks of all classes, in random order behind a letter.</summary>
    [Theory]
    [MemberData(nameof(Forms))]
    public void Marks_are_put_into_their_order(NormalizationForm form)
    {
        var marks = Enumerable.Range(0, 0x1E000).Where(value => value is < 0xD800 or > 0xDFFF).Select(value => new Rune(value))
            .Where(rune => Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.NonSpacingMark or System.Globalization.UnicodeCategory.SpacingCombiningMark).ToArray();
        var (normalizer, random) = (new UnicodeNormalizer(form), new Random(5));
        for (var i = 0; i < 3000; i++)
        {
            var text = "e" + string.Concat(Enumerable.Range(0, random.Next(1, 6)).Select(_ => marks[random.Next(marks.Length)])) + "x";
            Assert.Equal(text.Normalize(form), Apply(normalizer, text).Span.ToString());
        }
    }

    [Theory]
    [InlineData(NormalizationForm.FormC, "ae\u0301b", new[] { 0, 1, 3 })]
    [InlineData(NormalizationForm.FormD, "a\u00E9b", new[] { 0, 1, 1, 2 })]
    [InlineData(NormalizationForm.FormKC, "a\uFB01b", new[] { 0, 1, 1, 2 })]
    [InlineData(NormalizationForm.FormC, "\u1112\u1161\u11ABx", new[] { 0, 3 })]
    public void Characters_come_from_where_their_first_part_does(NormalizationForm form, string text, int[] starts)
    {
        var result = Apply(new UnicodeNormalizer(form), text);
        Assert.Equal(starts, Enumerable.Range(0, result.Length).Select(result.StartOf));
    }

    private static AlignedText Apply(UnicodeNormalizer normalizer, string text)
    {
        var (source, result) = (new AlignedText(), new AlignedText());
        source.Load(text, 0);
        return normalizer.Apply(source, result) ? result : source;
    }
}
