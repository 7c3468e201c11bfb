using AdaLora.Transformers.Tokenization.Models;
using AdaLora.Transformers.Tokenization.Normalizers;
using AdaLora.Transformers.Tokenization.PreTokenizers;

namespace AdaLora.Transformers.Tokenization.Pipeline;

/// <summary>
/// From a text to tokens: added tokens are cut out, what is between them is normalised, normalised added tokens are cut out of that, the rest is cut into words, and the model spells each word.
/// </summary>
internal sealed class EncodingPipeline
{
    private readonly IReadOnlyList<TextNormalizer> _normalizers;
    private readonly IReadOnlyList<PreTokenizer> _preTokenizers;
    private readonly TokenModel _model;
    private readonly AddedTokenSplitter? _splitter;
    private readonly AddedTokenSplitter? _normalizedSplitter;

    public EncodingPipeline(IReadOnlyList<TextNormalizer> normalizers, IReadOnlyList<PreTokenizer> preTokenizers, TokenModel model, IReadOnlyCollection<AddedToken> addedTokens)
    {
        (_normalizers, _preTokenizers, _model) = (normalizers, preTokenizers, model);
        _splitter = SplitterOf(addedTokens.Where(token => !token.IsNormalized));
        _normalizedSplitter = SplitterOf(addedTokens.Where(token => token.IsNormalized).Select(token => token with { Content = Normalize(token.Content) }));
    }

    /// <summary>What the normalizers make of a text.</summary>
    public string Normalize(string text)
    {
        var work = Workspace.Rent();
        work.Text.Load(text, 0);
        work.Normalize(_normalizers);
        var normalized = work.Text.Span.ToString();
        work.Return();
        return normalized;
    }

    /// <summary>Puts the tokens of a text into a list.</summary>
    /// <param name="work">The buffers.</param>
    /// <param name="text">The text.</param>
    /// <param name="specialAsText">Whether special tokens in the text are no tokens but text.</param>
    /// <param name="tokens">Receives the tokens.</param>
    public void Encode(Workspace work, string text, bool specialAsText, List<PlacedToken> tokens)
    {
        tokens.Clear();
        var parts = work.Parts;
        parts.Clear();
        if (_splitter is null)
            parts.Add(new Piece(0, text.Length));
        else
            _splitter.Split(text, specialAsText, parts);
        var words = 0;
        foreach (var part in parts)
        {
            if (part.IsToken)
                tokens.Add(new PlacedToken(part.TokenId, part.Start, part.End, words++, IsLiteral: true));
            else
                EncodePart(work, text.AsSpan(part.Start, part.End - part.Start), part.Start, specialAsText, tokens, ref words);
        }
    }

    private void EncodePart(Workspace work, ReadOnlySpan<char> part, int origin, bool specialAsText, List<PlacedToken> tokens, ref int words)
    {
        work.Text.Load(part, origin);
        work.Normalize(_normalizers);
        var pieces = work.NewPieces();
        if (_normalizedSplitter is not null)
            _normalizedSplitter.Split(work.Text.Span, specialAsText, pieces);
        else if (work.Text.Length > 0)
            pieces.Add(new Piece(0, work.Text.Length));
        work.TakePieces();
        foreach (var preTokenizer in _preTokenizers)
            preTokenizer.Apply(work);
        var text = work.Text;
        foreach (var piece in work.Pieces)
        {
            if (piece.IsToken)
                tokens.Add(new PlacedToken(piece.TokenId, text.StartOf(piece.Start), text.EndOf(piece.End - 1), words, IsLiteral: true));
            else
                Spell(text, piece, tokens, words);
            words++;
        }
    }

    private void Spell(AlignedText text, Piece piece, List<PlacedToken> tokens, int word)
    {
        var spelling = _model.Spell(text.Span[piece.Start..piece.End]);
        for (var i = 0; i < spelling.Ids.Length; i++)
            tokens.Add(new PlacedToken(spelling.Ids[i], text.StartOf(piece.Start + spelling.Starts[i]), text.EndOf(piece.Start + spelling.Ends[i] - 1), word));
    }

    private static AddedTokenSplitter? SplitterOf(IEnumerable<AddedToken> tokens)
    {
        var list = tokens.ToList();
        return list.Count == 0 ? null : new AddedTokenSplitter(list);
    }
}
