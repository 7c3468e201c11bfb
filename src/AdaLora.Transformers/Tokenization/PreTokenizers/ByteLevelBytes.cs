using System.Text;
using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.PreTokenizers;

/// <summary>Writes each byte of the UTF-8 form of a text as one visible character, of which the vocabulary of a byte-level model has all 256.</summary>
internal sealed class ByteLevelBytes : PieceRewriter
{
    private static readonly char[] CharacterOfByte = Characters();
    private static readonly short[] ByteOfCharacter = Bytes();

    /// <summary>The byte that a character stands for, or -1.</summary>
    public static int ByteOf(char character) => character < ByteOfCharacter.Length ? ByteOfCharacter[character] : -1;

    protected override void Rewrite(AlignedText source, Piece piece, AlignedText result, List<Piece> pieces)
    {
        var text = source.Span;
        var start = result.Length;
        Span<byte> bytes = stackalloc byte[4];
        for (var i = piece.Start; i < piece.End;)
        {
            var (from, to) = (source.StartOf(i), source.EndOf(i));
            if (char.IsAscii(text[i]))
            {
                result.Append(CharacterOfByte[text[i++]], from, to);
                continue;
            }

            _ = Rune.DecodeFromUtf16(text[i..], out var rune, out var width);
            foreach (var value in bytes[..rune.EncodeToUtf8(bytes)])
                result.Append(CharacterOfByte[value], from, to);
            i += width;
        }

        pieces.Add(new Piece(start, result.Length));
    }

    // Printable characters of Latin-1 stand for themselves, the other bytes in their order for the characters from U+0100 on.
    private static char[] Characters()
    {
        var characters = new char[256];
        var next = 256;
        for (var value = 0; value < 256; value++)
            characters[value] = (char)(value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? value : next++);
        return characters;
    }

    private static short[] Bytes()
    {
        var bytes = new short[CharacterOfByte.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (var value = 0; value < 256; value++)
            bytes[CharacterOfByte[value]] = (short)value;
        return bytes;
    }
}
