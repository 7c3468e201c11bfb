using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Tasks;
using AdaLora.Experiments.Terminal;
using AdaLora.Glue.Demo;
using AdaLora.Squad.Data;
using AdaLora.Squad.Tasks;
using AdaLora.TestSupport;
using AdaLora.Transformers.Tokenization;
using Xunit;

namespace AdaLora.Glue.Tests.Answers;

public sealed class QuestionEncoderTests
{
    private const int Length = 96;
    private const int Stride = 32;

    private static readonly TokenizingBridge Silence = new(new SilentReporter(), "questions", 1);

    [Theory]
    [InlineData("xquad.en.json", 1.0)]
    [InlineData("dev-v1.1.json", 1.0)]
    [InlineData("train-v1.1.json", 0.999)]
    public void Windows_that_hold_the_answer_say_where_and_the_others_point_at_the_first_token(string file, double least)
    {
        var tokenizer = TextTokenizer.FromFolder(TestMaterial.RequireShared("models", "all-MiniLM-L6-v2"));
        var questions = SquadFile.Read(TestMaterial.RequireShared("squad", file));
        var windows = new QuestionEncoder(tokenizer, Length, Stride).Encode(questions, Silence, TestContext.Current.CancellationToken);

        Assert.All(windows, window =>
        {
            Assert.True(window.Tokens.Length <= Length);
            var (context, answer) = (questions[window.Question].Passage.Context, questions[window.Question].Answers[0]);
            var covered = Enumerable.Range(0, window.Tokens.Length).Where(i => window.Tokens.SequenceIds[i] == 1).Select(i => window.Tokens.Offsets[i]).ToList();
            var holds = covered[0].Start <= answer.Start && covered[^1].End >= answer.End;
            Assert.Equal(holds, window.End > 0);
            if (!holds)
            {
                Assert.Equal((0, 0), (window.Start, window.End));
                return;
            }

            Assert.True(window.Start <= window.End && window.Tokens.SequenceIds[window.Start] == 1);
            // It may begin or end within a token, such as '11' in '11th'.
            var marked = context[window.Tokens.Offsets[window.Start].Start..window.Tokens.Offsets[window.End].End];
            Assert.Contains(answer.Text, marked, StringComparison.Ordinal);
            Assert.True(window.Tokens.Offsets[window.Start].End > answer.Start && window.Tokens.Offsets[window.End].Start < answer.End, $"'{marked}' for '{answer.Text}'");
        });
        var held = windows.Where(window => window.End > 0).Select(window => window.Question).Distinct().Count();
        Assert.True(held >= least * questions.Count, $"{held} of {questions.Count} answers are in a window");
        Assert.True(windows.Count > 1.5 * questions.Count && windows.Any(window => window.End == 0), "no text needs several windows");
        Assert.Equal(windows.Select(window => window.Question).Order(), windows.Select(window => window.Question));
    }

    [Fact]
    public void A_question_that_leaves_no_room_for_its_text_loses_its_end()
    {
        var tokenizer = TextTokenizer.FromFolder(DemoDefaults.EncoderFolder);
        var encoder = new QuestionEncoder(tokenizer, 16, 4);

        var windows = encoder.Encode(string.Join(' ', Enumerable.Repeat("cats", 40)), string.Join(' ', Enumerable.Repeat("sleep", 9)));

        Assert.All(windows, window => Assert.True(window.Length <= 16));
        Assert.Equal(9, windows.SelectMany(window => window.Offsets.Where((_, i) => window.SequenceIds[i] == 1)).Distinct().Count());
        Assert.Equal(16 - 3 - 4 - 1, windows[0].SequenceIds.Count(text => text == 0));
        Assert.Contains("--stride", Assert.Throws<UserInputException>(() => new QuestionEncoder(tokenizer, 16, 12)).Message, StringComparison.Ordinal);
    }
}
