using System.Text;
using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.Normalizers;

/// <summary>
/// A table of normalisations as the SentencePiece library applies it: at each place of the text, the longest entry that matches. Where the result comes from is what the
/// fast tokenizers say: from the first of several characters that are short together, from all of longer ones, and from both characters of a line end (CR LF).
/// </summary>
internal sealed class SentencePieceTable(CharsMap table) : TextNormalizer
{
    // Up to this length in UTF-8, the fast tokenizers replace what a reader takes for one character as a whole.
    private const int Short = 5;

    public override bool Apply(AlignedText text, AlignedText result)
    {
        if (table.IsEmpty)
            return false;
        result.Clear(text.Origin);
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        var rest = bytes.AsSpan(0, Encoding.UTF8.GetBytes(text.Span, bytes));
        var changed = false;
        for (var at = 0; !rest.IsEmpty;)
        {
            var form = table.Longest(rest, out var length);
            if (form is null)
                _ = Rune.DecodeFromUtf8(rest, out _, out length);
            var next = at + Encoding.UTF8.GetCharCount(rest[..length]);
            if (form is null)
            {
                result.Append(text, at, next);
            }
            else
            {
                var (first, last) = LineEnd(text.Span, at, length <= Short ? at : next - 1);
                result.Append(form, text.StartOf(first), text.EndOf(last));
                changed = true;
            }

            rest = rest[length..];
            at = next;
        }

        return changed;
    }

    private static (int First, int Last) LineEnd(ReadOnlySpan<char> text, int first, int last)
    {
        if (text[first] == '\n' && first > 0 && text[first - 1] == '\r')
            return (first - 1, last);
        return text[last] == '\r' && last + 1 < text.Length && text[last + 1] == '\n' ? (first, last + 1) : (first, last);
    }
}
