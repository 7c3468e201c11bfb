using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.PreTokenizers;

/// <summary>Changes the text of pieces, and may cut them as well.</summary>
internal abstract class PieceRewriter : PreTokenizer
{
    public sealed override void Apply(Workspace work)
    {
        var pieces = work.NewPieces();
        var (source, result) = (work.Text, work.NewText());
        foreach (var piece in work.Pieces)
        {
            var start = result.Length;
            if (piece.IsToken)
            {
                result.Append(source, piece.Start, piece.End);
                pieces.Add(new Piece(start, result.Length, piece.TokenId));
            }
            else
            {
                Rewrite(source, piece, result, pieces);
            }
        }

        work.TakePieces();
        work.TakeText();
    }

    /// <summary>Appends what becomes of a piece, and adds the pieces of that, none of which is empty.</summary>
    protected abstract void Rewrite(AlignedText source, Piece piece, AlignedText result, List<Piece> pieces);
}
