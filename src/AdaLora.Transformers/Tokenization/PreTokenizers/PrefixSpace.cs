using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.PreTokenizers;

/// <summary>Puts a space in front of each piece that does not begin with one. It comes from where the first character does.</summary>
internal sealed class PrefixSpace : PieceRewriter
{
    protected override void Rewrite(AlignedText source, Piece piece, AlignedText result, List<Piece> pieces)
    {
        var start = result.Length;
        if (source.Span[piece.Start] != ' ')
            result.Append(' ', source.StartOf(piece.Start), source.EndOf(piece.Start));
        result.Append(source, piece.Start, piece.End);
        pieces.Add(new Piece(start, result.Length));
    }
}
