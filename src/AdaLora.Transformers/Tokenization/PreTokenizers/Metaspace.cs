using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.PreTokenizers;

/// <summary>Writes spaces as a visible sign, puts one in front of pieces, and cuts before each.</summary>
internal sealed class Metaspace(char sign, PrependScheme scheme, bool split) : PieceRewriter
{
    protected override void Rewrite(AlignedText source, Piece piece, AlignedText result, List<Piece> pieces)
    {
        var text = source.Span;
        var start = result.Length;
        if (scheme == PrependScheme.Always || (scheme == PrependScheme.First && source.StartOf(piece.Start) == 0))
        {
            if (text[piece.Start] != ' ' && text[piece.Start] != sign)
                result.Append(sign, source.StartOf(piece.Start), source.EndOf(piece.Start));
        }

        for (var i = piece.Start; i < piece.End; i++)
        {
            var unit = text[i] == ' ' ? sign : text[i];
            if (split && unit == sign && result.Length > start)
            {
                pieces.Add(new Piece(start, result.Length));
                start = result.Length;
            }

            result.Append(unit, source.StartOf(i), source.EndOf(i));
        }

        pieces.Add(new Piece(start, result.Length));
    }
}
