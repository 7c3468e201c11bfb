namespace AdaLora.Transformers.Tokenization;

/// <summary>
/// Decodes tokens as they come, for showing a text while it is generated. A piece is handed out as soon as no later token can change it, so that a character is never cut: until all of its
/// bytes are there, nothing comes. The pieces and what <see cref="Finish"/> returns are together the text that <see cref="TextTokenizer.Decode"/> gives for all tokens. For one thread.
/// </summary>
public sealed class TokenStreamDecoder
{
    private const char Incomplete = '\uFFFD';

    private readonly TextTokenizer _tokenizer;
    private readonly bool _skipSpecialTokens;

    // Tokens that have been handed out, as far as the next ones are decoded behind them, and those that have not.
    private readonly List<int> _ids = [];
    private string _handedOut = "";
    private int _handedOutCount;

    internal TokenStreamDecoder(TextTokenizer tokenizer, bool skipSpecialTokens) => (_tokenizer, _skipSpecialTokens) = (tokenizer, skipSpecialTokens);

    /// <summary>Takes the next token.</summary>
    /// <param name="id">Its id; one that no token has adds nothing.</param>
    /// <returns>The piece of text that is now certain, or null if there is none yet.</returns>
    public string? Add(int id)
    {
        _ids.Add(id);
        var text = Decode();
        return text.Length <= _handedOut.Length || text[^1] == Incomplete ? null : HandOut(text);
    }

    /// <summary>Ends the text: what has been held back comes as it is, with U+FFFD for bytes that are no character. The decoder can then be used for another text.</summary>
    /// <returns>The rest, which is mostly empty.</returns>
    public string Finish()
    {
        var rest = HandOut(Decode());
        _ids.Clear();
        (_handedOut, _handedOutCount) = ("", 0);
        return rest;
    }

    private string HandOut(string text)
    {
        var piece = text[_handedOut.AsSpan().CommonPrefixLength(text)..];
        // What was handed out before the last time is not needed any more; of the last time, because the beginning of a text is decoded differently.
        _ids.RemoveRange(0, _handedOutCount);
        _handedOutCount = _ids.Count;
        _handedOut = Decode();
        return piece;
    }

    private string Decode() => _tokenizer.Decode(_ids, _skipSpecialTokens);
}
