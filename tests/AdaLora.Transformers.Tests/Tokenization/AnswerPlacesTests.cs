using System.Text.Json;
using AdaLora.TestSupport;
using AdaLora.Transformers.Tokenization;
using Xunit;

namespace AdaLora.Transformers.Tests.Tokenization;

/// <summary>The answers of real questions are found again in the windows of their contexts, by the places of tokens.</summary>
public sealed class AnswerPlacesTests
{
    [Theory]
    [InlineData("xquad.en.json")]
    [InlineData("dev-v1.1.json")]
    [InlineData("train-v1.1.json")]
    public void Every_answer_is_in_a_window_and_tokens_say_where(string file)
    {
        var tokenizer = TextTokenizer.FromFolder(TestMaterial.RequireShared("models", "all-MiniLM-L6-v2"));
        using var data = JsonDocument.Parse(File.ReadAllBytes(TestMaterial.RequireShared("squad", file)));
        var (exact, all) = (0, 0);
        foreach (var paragraph in data.RootElement.GetProperty("data").EnumerateArray().SelectMany(article => article.GetProperty("paragraphs").EnumerateArray()))
        {
            var context = paragraph.GetProperty("context").GetString()!;
            foreach (var question in paragraph.GetProperty("qas").EnumerateArray())
            {
                var options = new EncodingOptions { MaxLength = 384, Stride = 128, Truncation = TruncationStrategy.OnlySecond };
                var windows = tokenizer.EncodeAligned(question.GetProperty("question").GetString()!, context, options).Windows;
                foreach (var answer in question.GetProperty("answers").EnumerateArray())
                {
                    var text = answer.GetProperty("text").GetString()!;
                    var found = windows.Select(window => Find(window, context, answer.GetProperty("answer_start").GetInt32(), text)).Where(part => part is not null).ToList();
                    Assert.NotEmpty(found);
                    // It may begin or end within a token, such as '11' in '11th'.
                    Assert.All(found, part => Assert.Contains(text.Trim(), part, StringComparison.Ordinal));
                    all++;
                    exact += found.Contains(text) ? 1 : 0;
                }
            }
        }

        Assert.True(all > 900 && exact > 0.985 * all, $"{exact} of {all} answers are whole tokens");
    }

    // What the tokens cover that the answer touches; null if the window does not hold all of it. Answers are counted in code points.
    private static string? Find(AlignedTokens window, string context, int start, string answer)
    {
        var end = start + answer.EnumerateRunes().Count();
        var touched = Enumerable.Range(0, window.Length)
            .Where(i => window.SequenceIds[i] == 1 && window.CodePointOffsets[i].End > start && window.CodePointOffsets[i].Start < end).ToList();
        if (touched.Count == 0 || window.CodePointOffsets[touched[0]].Start > start || window.CodePointOffsets[touched[^1]].End < end)
            return null;
        return context[window.Offsets[touched[0]].Start..window.Offsets[touched[^1]].End];
    }
}
