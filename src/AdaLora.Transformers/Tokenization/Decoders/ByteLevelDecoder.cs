using System.Text;
using AdaLora.Transformers.Tokenization.PreTokenizers;

namespace AdaLora.Transformers.Tokenization.Decoders;

/// <summary>Reads the characters of tokens as the bytes they stand for; a token with others is text already. Bytes that are no UTF-8 become U+FFFD.</summary>
internal sealed class ByteLevelDecoder : TokenDecoder
{
    public override List<string> Decode(List<string> tokens)
    {
        var bytes = new List<byte>();
        foreach (var token in tokens)
        {
            if (token.All(character => ByteLevelBytes.ByteOf(character) >= 0))
                bytes.AddRange(token.Select(character => (byte)ByteLevelBytes.ByteOf(character)));
            else
                bytes.AddRange(Encoding.UTF8.GetBytes(token));
        }

        return [Encoding.UTF8.GetString([.. bytes])];
    }
}
