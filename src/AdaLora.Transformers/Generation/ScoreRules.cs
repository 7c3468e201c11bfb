using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Generation;

/// <summary>What changes the scores of the next token whether or not it is drawn: penalties and what must or must not come. Forbidden tokens get minus infinity.</summary>
internal sealed class ScoreRules
{
    private readonly GenerationOptions _options;
    private readonly int _maxNew;

    /// <param name="options">The options.</param>
    /// <param name="maxNew">The greatest number of new tokens.</param>
    public ScoreRules(GenerationOptions options, int maxNew) => (_options, _maxNew) = (options, maxNew);

    /// <summary>Whether no score is ever changed.</summary>
    public bool AreNone => _options is { RepetitionPenalty: 1, NoRepeatNgramSize: 0, MinNewTokens: 0, MinLength: 0, ForcedBeginId: null, ForcedEndId: null };

    /// <param name="scores">One score per word: logits, or log-probabilities with beams.</param>
    /// <param name="text">The tokens so far, prompt included, padding not.</param>
    /// <param name="count">How many of them are new.</param>
    public void Apply(Span<double> scores, IReadOnlyList<int> text, int count)
    {
        if (_options.RepetitionPenalty != 1)
            Penalize(scores, text);
        if (_options.NoRepeatNgramSize > 0)
            ForbidRepeated(scores, text, _options.NoRepeatNgramSize);
        if (text.Count < _options.MinLength || count < _options.MinNewTokens)
        {
            foreach (var id in _options.EndIds)
                Forbid(scores, id);
        }

        if (_options.ForcedBeginId is { } first && text.Count == 1)
            Force(scores, first);
        if (_options.ForcedEndId is { } last && count == _maxNew - 1)
            Force(scores, last);
    }

    private static void Force(Span<double> scores, int id)
    {
        if (id >= scores.Length)
            return;
        scores.Fill(double.NegativeInfinity);
        scores[id] = 0;
    }

    private static void Forbid(Span<double> scores, int id)
    {
        if (id < scores.Length)
            scores[id] = double.NegativeInfinity;
    }

    // Once per word, however often it occurs.
    private void Penalize(Span<double> scores, IReadOnlyList<int> text)
    {
        var penalty = _options.RepetitionPenalty;
        foreach (var id in text.Distinct())
            scores[id] = scores[id] < 0 ? scores[id] * penalty : scores[id] / penalty;
    }

    private static void ForbidRepeated(Span<double> scores, IReadOnlyList<int> text, int size)
    {
        var begin = text.Count - size + 1;
        for (var place = 0; place < begin; place++)
        {
            var offset = 0;
            while (offset < size - 1 && text[place + offset] == text[begin + offset])
                offset++;
            if (offset == size - 1)
                Forbid(scores, text[place + offset]);
        }
    }
}
