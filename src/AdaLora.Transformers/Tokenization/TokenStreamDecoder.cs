using AdaLora.Transformers.Tokenization.Decoders;

namespace AdaLora.Transformers.Tokenization;

/// <summary>
/// Decodes tokens as they come, for showing a text while it is generated. A piece is handed out as soon as it is complete, so that a character is never cut: until all of its bytes are there,
/// nothing comes. The pieces and what <see cref="Finish"/> returns are together the text that <see cref="TextTokenizer.Decode"/> gives for all tokens, but for one thing: of a run of byte tokens
/// such as &lt;0xC3&gt; that is no UTF-8, <see cref="TextTokenizer.Decode"/> makes U+FFFD throughout, while the characters that the run begins with have been handed out here. For one thread.
/// </summary>
public sealed class TokenStreamDecoder
{
    private const char Incomplete = '\uFFFD';

    private readonly Func<IReadOnlyList<int>, string> _decode;
    private readonly bool _cleansUp;

    // Tokens that have been handed out, as far as the next ones are decoded behind them, and those that have not.
    private readonly List<int> _ids = [];
    private string _handedOut = "";
    private int _handedOutCount;

    // The end of the text so far that what follows may still clean up.
    private string _uncleaned = "";

    /// <param name="decode">Decodes tokens so that more of them only add to the text, except where it ends with U+FFFD.</param>
    /// <param name="cleansUp">Whether spaces before punctuation are removed.</param>
    internal TokenStreamDecoder(Func<IReadOnlyList<int>, string> decode, bool cleansUp) => (_decode, _cleansUp) = (decode, cleansUp);

    /// <summary>Takes the next token.</summary>
    /// <param name="id">Its id; one that no token has adds nothing.</param>
    /// <returns>The piece of text that is now certain, or null if there is none yet.</returns>
    public string? Add(int id)
    {
        _ids.Add(id);
        var text = _decode(_ids);
        if (text.Length <= _handedOut.Length || text[^1] == Incomplete)
            return null;
        var piece = HandOut(text);
        if (!_cleansUp)
            return piece;
        _uncleaned += piece;
        var certain = SpaceCleanUp.CertainLength(_uncleaned);
        piece = SpaceCleanUp.OfText(_uncleaned[..certain]);
        _uncleaned = _uncleaned[certain..];
        return certain > 0 ? piece : null;
    }

    /// <summary>Ends the text: what has been held back comes as it is, with U+FFFD for bytes that are no character. The decoder can then be used for another text.</summary>
    /// <returns>The rest, which is mostly empty.</returns>
    public string Finish()
    {
        var rest = _uncleaned + HandOut(_decode(_ids));
        _ids.Clear();
        (_handedOut, _handedOutCount, _uncleaned) = ("", 0, "");
        return _cleansUp ? SpaceCleanUp.OfText(rest) : rest;
    }

    private string HandOut(string text)
    {
        var piece = text[_handedOut.Length..];
        // What was handed out before the last time is not needed any more; of the last time, because the beginning of a text is decoded differently.
        _ids.RemoveRange(0, _handedOutCount);
        _handedOutCount = _ids.Count;
        _handedOut = _decode(_ids);
        return piece;
    }
}
