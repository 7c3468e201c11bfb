using System.Buffers;
using System.Globalization;
using System.Text;

namespace AdaLora.Transformers.Tokenization.Pipeline;

/// <summary>Cuts a text at the added tokens in it: leftmost first, the longest where several begin at one place.</summary>
internal sealed class AddedTokenSplitter
{
    private readonly Dictionary<char, AddedToken[]> _tokens;
    private readonly SearchValues<char> _firstCharacters;

    public AddedTokenSplitter(IEnumerable<AddedToken> tokens)
    {
        _tokens = tokens.Where(token => token.Content.Length > 0).OrderByDescending(token => token.Content.Length)
            .GroupBy(token => token.Content[0]).ToDictionary(group => group.Key, group => group.ToArray());
        _firstCharacters = SearchValues.Create([.. _tokens.Keys]);
    }

    /// <summary>Adds the pieces of a text in its order: added tokens, and what is between them.</summary>
    /// <param name="text">The text.</param>
    /// <param name="specialAsText">Whether special tokens are no tokens but text.</param>
    /// <param name="pieces">Receives the pieces.</param>
    public void Split(ReadOnlySpan<char> text, bool specialAsText, List<Piece> pieces)
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
            if ((specialAsText && token.IsSpecial) || (token.WholeWord && TouchesWord(text, position, token.Content.Length)))
            {
                // What it covers is text, and not looked at again.
                position += token.Content.Length;
                continue;
            }
            var (start, end) = Extent(text, position, token, done);
            if (start > done)
                pieces.Add(new Piece(done, start));
            pieces.Add(new Piece(start, end, token.Id));
            done = position = end;
        }
        if (done < text.Length)
            pieces.Add(new Piece(done, text.Length));
    }

    private AddedToken? Find(ReadOnlySpan<char> text, int position)
    {
        foreach (var token in _tokens[text[position]])
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

    // What \w stands for in Unicode's expressions: letters, letters in circles and squares, marks, digits, connectors such as the underscore, and the two joiners.
    private static bool IsOfWord(Rune rune) => rune.Value is 0x200C or 0x200D or (>= 0x24B6 and <= 0x24E9) or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189)
        || Rune.GetUnicodeCategory(rune) is <= UnicodeCategory.OtherLetter or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
            or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation;
}
