using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Settings;
using AdaLora.Squad.Data;
using AdaLora.Transformers.Tokenization;

namespace AdaLora.Squad.Tasks;

/// <summary>Turns questions and their texts into windows of tokens: a long text makes several, which overlap.</summary>
internal sealed class QuestionEncoder
{
    private readonly TextTokenizer _tokenizer;
    private readonly EncodingOptions _options;
    private readonly int _longestQuestion;

    /// <exception cref="UserInputException">Windows of this length leave no room for questions and texts.</exception>
    public QuestionEncoder(TextTokenizer tokenizer, int maxLength, int stride)
    {
        _tokenizer = tokenizer;
        _options = new EncodingOptions { MaxLength = maxLength, Stride = stride, Truncation = TruncationStrategy.OnlySecond };
        _longestQuestion = maxLength - tokenizer.Encode("", "").Length - stride - 1;
        if (_longestQuestion < 1)
            throw new UserInputException($"{RunOptions.MaxLength} {maxLength} leaves no room for a question beside {stride} tokens that windows have in common; raise it, or lower {SquadOptions.Stride}.");
    }

    /// <summary>The windows of a question.</summary>
    public IReadOnlyList<AlignedTokens> Encode(string question, string context) => _tokenizer.EncodeAligned(Shortened(question), context, _options).Windows;

    /// <summary>The windows of many questions, in order, with the place of the first right answer of each.</summary>
    public IReadOnlyList<QuestionWindow> Encode(IReadOnlyList<SquadQuestion> questions, IProgress<int> progress, CancellationToken cancellationToken)
    {
        var texts = questions.Select(question => (Shortened(question.Text), (string?)question.Passage.Context)).ToList();
        var encoded = _tokenizer.EncodeAllAligned(texts, _options, progress, cancellationToken);
        return [.. encoded.SelectMany((first, number) => first.Windows.Select(window => Place(number, window, questions[number].Answers)))];
    }

    // A question that leaves no room for its text loses its end; few are as long.
    private string Shortened(string question)
    {
        // Some have spaces in front, which would only count as length.
        var text = question.TrimStart();
        if (text.Length <= _longestQuestion)
            return text;
        var tokens = _tokenizer.EncodeAligned(text, options: new EncodingOptions { AddSpecialTokens = false });
        return tokens.Length <= _longestQuestion ? text : text[..tokens.Offsets[_longestQuestion - 1].End];
    }

    private static QuestionWindow Place(int number, AlignedTokens window, IReadOnlyList<GoldAnswer> answers)
    {
        var context = Enumerable.Range(0, window.Length).Where(i => window.SequenceIds[i] == 1).ToList();
        if (answers.Count == 0 || context.Count == 0)
            return new QuestionWindow(number, window, 0, 0);
        var answer = answers[0];
        var start = context.FindLastIndex(i => window.Offsets[i].Start <= answer.Start);
        var end = context.FindIndex(i => window.Offsets[i].End >= answer.End);
        return start < 0 || end < start ? new QuestionWindow(number, window, 0, 0) : new QuestionWindow(number, window, context[start], context[end]);
    }
}
