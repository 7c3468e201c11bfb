using System.Buffers;

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
                return token.WholeWord && TouchesWord(text, position, token.Content.Length) ? null : token;
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

    private static bool TouchesWord(ReadOnlySpan<char> text, int position, int length) =>
        (position > 0 && IsWordCharacter(text[position - 1])) || (position + length < text.Length && IsWordCharacter(text[position + length]));

    private static bool IsWordCharacter(char character) => char.IsLetterOrDigit(character) || character == '_';
}
