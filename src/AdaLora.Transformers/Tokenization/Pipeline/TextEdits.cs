using System.Text;

namespace AdaLora.Transformers.Tokenization.Pipeline;

/// <summary>
/// A text as the characters that it is to have, each with a change: 0 replaces the next character, a positive number inserts one, and -n replaces the next and drops the n after it. Where
/// characters come from follows from this as in the reference: what is inserted comes from where the character before it does, and what is dropped from nowhere.
/// </summary>
internal sealed class TextEdits
{
    private readonly List<(Rune Rune, int Change)> _edits = [];

    public void Add(Rune rune, int change = 0) => _edits.Add((rune, change));

    /// <summary>Replaces the next <paramref name="count"/> characters.</summary>
    public void Replace(int count, ReadOnlySpan<char> text)
    {
        var length = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            _edits.Add((rune, 0));
            length++;
        }

        // What there is more comes last. What there is less is dropped after the last character so far, even if that is not one of these.
        for (var i = 1; i <= length - count; i++)
            _edits[^i] = (_edits[^i].Rune, 1);
        if (length < count && _edits.Count > 0)
            _edits[^1] = (_edits[^1].Rune, _edits[^1].Change + length - count);
    }

    public void Apply(AlignedText source, AlignedText result)
    {
        result.Clear(source.Origin);
        var text = source.Span;
        var at = 0;
        foreach (var (rune, change) in _edits)
        {
            var from = Math.Min(change > 0 ? at - 1 : at, text.Length - 1);
            if (from < 0)
                result.Append(rune, source.Origin, source.Origin);
            else
                result.Append(rune, source.StartOf(from), source.EndOf(from));
            for (var i = change; i <= 0 && at < text.Length; i++)
                at += char.IsHighSurrogate(text[at]) ? 2 : 1;
        }
    }
}
