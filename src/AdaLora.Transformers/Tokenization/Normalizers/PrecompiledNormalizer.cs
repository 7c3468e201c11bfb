using System.Globalization;
using System.Text;
using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.Normalizers;

/// <summary>
/// A table of normalisations as the fast tokenizers apply it: to what a reader takes for one character (a grapheme) if that is short, otherwise to each of its characters; of several entries that
/// match, the shortest counts.
/// </summary>
internal sealed class PrecompiledNormalizer(CharsMap table) : TextNormalizer
{
    private const int LongestGrapheme = 5;

    // What becomes of single characters; their own string if nothing.
    private readonly string?[] _forms = new string?[char.MaxValue + 1];

    public override bool Apply(AlignedText text, AlignedText result)
    {
        var edits = new TextEdits();
        var changed = false;
        var rest = text.Span;
        while (!rest.IsEmpty)
        {
            var length = GraphemeLength(rest);
            changed |= Add(rest[..length], edits);
            rest = rest[length..];
        }

        if (changed)
            edits.Apply(text, result);
        return changed;
    }

    private bool Add(ReadOnlySpan<char> grapheme, TextEdits edits)
    {
        if (grapheme.Length > 1 && Encoding.UTF8.GetByteCount(grapheme) <= LongestGrapheme && table.Shortest(grapheme) is { } form)
        {
            var count = 0;
            foreach (var _ in grapheme.EnumerateRunes())
                count++;
            edits.Replace(count, form);
            return true;
        }

        var changed = false;
        foreach (var rune in grapheme.EnumerateRunes())
        {
            if (FormOf(rune) is { } replacement)
            {
                edits.Replace(1, replacement);
                changed = true;
            }
            else
            {
                edits.Add(rune);
            }
        }

        return changed;
    }

    private string? FormOf(Rune rune)
    {
        if (!rune.IsBmp)
            return table.Shortest(rune.ToString());
        var form = _forms[rune.Value];
        if (form is null)
        {
            var own = rune.ToString();
            _forms[rune.Value] = form = table.Shortest(own) is { } found && found != own ? found : own;
        }

        return form.Length == 1 && form[0] == rune.Value ? null : form;
    }

    private static int GraphemeLength(ReadOnlySpan<char> text) =>
        text[0] < 0x80 && (text.Length == 1 || (text[1] < 0x80 && (text[0], text[1]) is not ('\r', '\n'))) ? 1 : StringInfo.GetNextTextElementLength(text);
}
