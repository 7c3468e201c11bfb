using System.Buffers;
using System.Globalization;
using System.Text;

namespace AdaLora.Transformers.Tokenization;

/// <summary>Cuts a text at the added tokens in it: leftmost first, the longest where several begin at one place.</summary>
internal sealed class AddedTokenSplitter
{
    private readonly AddedToken[] _tokens;
    private readonly SearchValues<char> _firstCharacters;

    public AddedTokenSplitter(IEnumerable<AddedToken> tokens)
    {
        _tokens = [.. tokens.Where(token => token.Content.Length > 0).OrderByDescending(token => token.Content.Length)];
        _firstCharacters = SearchValues.Create([.. _tokens.Select(token => token.Content[0]).Distinct()]);
    }

    public delegate void TextAction(ReadOnlySpan<char> text);

    /// <summary>Calls <paramref name="onText"/> for every stretch without added tokens and <paramref name="onToken"/> for every added token, in the order of the text.</summary>
    public void Split(ReadOnlySpan<char> text, TextAction onText, Action<AddedToken> onToken)
    {
        var done = 0;
        var position = 0;
        while (position < text.Length)
        {
            var next = text[position..].IndexOfAny(_firstCharacters);
            if (next < 0)
                break;
            position += next;
            if (Find(text, position) is not { } token)
            {
                position++;
                continue;
            }
            if (token.WholeWord && TouchesWord(text, position, token.Content.Length))
            {
                // What it covers is text, and not looked at again.
                position += token.Content.Length;
                continue;
            }
            var (start, end) = Extent(text, position, token, done);
            if (start > done)
                onText(text[done..start]);
            onToken(token);
            done = position = end;
        }
        if (done < text.Length)
            onText(text[done..]);
    }

    private AddedToken? Find(ReadOnlySpan<char> text, int position)
    {
        foreach (var token in _tokens)
        {
            if (text[position..].StartsWith(token.Content, StringComparison.Ordinal))
                return token;
        }
        return null;
    }

    private static (int Start, int End) Extent(ReadOnlySpan<char> text, int position, AddedToken token, int limit)
    {
        var (start, end) = (position, position + token.Content.Length);
        while (token.TakesSpaceBefore && start > limit && char.IsWhiteSpace(text[start - 1]))
            start--;
        while (token.TakesSpaceAfter && end < text.Length && char.IsWhiteSpace(text[end]))
            end++;
        return (start, end);
    }

    private static bool TouchesWord(ReadOnlySpan<char> text, int position, int length)
    {
        _ = Rune.DecodeLastFromUtf16(text[..position], out var before, out _);
        _ = Rune.DecodeFromUtf16(text[(position + length)..], out var after, out _);
        return (position > 0 && IsOfWord(before)) || (position + length < text.Length && IsOfWord(after));
    }

    // What \w stands for in Unicode's expressions: letters, marks, digits, connectors such as the underscore, and the two joiners.
    private static bool IsOfWord(Rune rune) => rune.Value is 0x200C or 0x200D || Rune.GetUnicodeCategory(rune) is
        <= UnicodeCategory.OtherLetter or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
        or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation;
}
