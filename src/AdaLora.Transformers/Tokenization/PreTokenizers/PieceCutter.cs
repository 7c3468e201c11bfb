using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.PreTokenizers;

/// <summary>Cuts pieces without changing the text.</summary>
internal abstract class PieceCutter : PreTokenizer
{
    public sealed override void Apply(Workspace work)
    {
        var pieces = work.NewPieces();
        foreach (var piece in work.Pieces)
        {
            if (piece.IsToken)
                pieces.Add(piece);
            else
                Cut(work.Text.Span[piece.Start..piece.End], piece.Start, pieces);
        }

        work.TakePieces();
    }

    /// <summary>Adds what a piece is cut into.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="start">Where it begins; to be added to places within it.</param>
    /// <param name="pieces">Receives the new pieces, none of which is empty.</param>
    protected abstract void Cut(ReadOnlySpan<char> piece, int start, List<Piece> pieces);
}
