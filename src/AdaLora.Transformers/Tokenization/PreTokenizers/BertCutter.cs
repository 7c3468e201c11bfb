using System.Text;
using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.PreTokenizers;

/// <summary>Cuts at white space, which is dropped, and around each sign of punctuation.</summary>
internal sealed class BertCutter : PieceCutter
{
    protected override void Cut(ReadOnlySpan<char> piece, int start, List<Piece> pieces)
    {
        var word = 0;
        for (var i = 0; i < piece.Length;)
        {
            if (char.IsAsciiLetterOrDigit(piece[i]))
            {
                i++;
                continue;
            }

            _ = Rune.DecodeFromUtf16(piece[i..], out var rune, out var width);
            var isSpace = Rune.IsWhiteSpace(rune);
            if (isSpace || CharacterCutter.IsPunctuation(rune))
            {
                if (i > word)
                    pieces.Add(new Piece(start + word, start + i));
                if (!isSpace)
                    pieces.Add(new Piece(start + i, start + i + width));
                word = i + width;
            }

            i += width;
        }

        if (piece.Length > word)
            pieces.Add(new Piece(start + word, start + piece.Length));
    }
}
