using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.PreTokenizers;

/// <summary>
/// What the SentencePiece library does to the spaces of a text: several are taken together and those at the ends dropped, one is put in front, and all are written as U+2581. Unlike
/// <see cref="Metaspace"/>, it puts one in front of a text that begins with U+2581, too.
/// </summary>
internal sealed class SentencePieceSpaces(bool addsPrefix, bool joinsSpaces, bool escapesSpaces, bool split) : PieceRewriter
{
    /// <summary>What stands for a space in the pieces of a model.</summary>
    public const char Blank = '\u2581';

    protected override void Rewrite(AlignedText source, Piece piece, AlignedText result, List<Piece> pieces)
    {
        var text = source.Span;
        var (from, to) = (piece.Start, piece.End);
        while (joinsSpaces && from < to && text[from] == ' ')
            from++;
        while (joinsSpaces && to > from && text[to - 1] == ' ')
            to--;
        if (from == to)
            return;
        var space = escapesSpaces ? Blank : ' ';
        var start = result.Length;
        // Where spaces were dropped, the one in front comes from the last of them, otherwise from the first character.
        var origin = from > piece.Start ? from - 1 : from;
        if (addsPrefix)
            result.Append(space, source.StartOf(origin), Math.Min(source.EndOf(origin), source.StartOf(origin) + (char.IsSurrogate(text[origin]) ? 2 : 1)));
        for (var i = from; i < to; i++)
        {
            if (joinsSpaces && text[i] == ' ' && text[i + 1] == ' ')
                continue;
            var unit = text[i] == ' ' ? space : text[i];
            if (split && unit == Blank && result.Length > start)
            {
                pieces.Add(new Piece(start, result.Length));
                start = result.Length;
            }

            result.Append(unit, source.StartOf(i), source.EndOf(i));
        }

        pieces.Add(new Piece(start, result.Length));
    }
}
