using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;

namespace AdaLora.Transformers.Tokenization.Decoders;

/// <summary>Reads tokens such as &lt;0x0A&gt; as bytes. A run of them is one text, or one U+FFFD for each if it is not UTF-8.</summary>
/// <param name="keepsCharacters">Whether the characters that such a run begins with are kept, and only the bytes after them become U+FFFD.</param>
internal sealed class ByteFallbackDecoder(bool keepsCharacters = false) : TokenDecoder
{
    private const int TokenLength = 6;

    public override TokenDecoder InStream => new ByteFallbackDecoder(keepsCharacters: true);

    public override List<string> Decode(List<string> tokens)
    {
        var decoded = new List<string>(tokens.Count);
        var run = new List<byte>();
        foreach (var token in tokens)
        {
            if (ByteOf(token) is { } value)
            {
                run.Add(value);
                continue;
            }

            Flush();
            decoded.Add(token);
        }

        Flush();
        return decoded;

        void Flush()
        {
            var bytes = CollectionsMarshal.AsSpan(run);
            var read = Utf8.IsValid(bytes) ? bytes.Length : keepsCharacters ? LengthOfCharacters(bytes) : 0;
            if (bytes.Length > 0)
                decoded.Add(Encoding.UTF8.GetString(bytes[..read]) + new string('\uFFFD', bytes.Length - read));
            run.Clear();
        }
    }

    private static int LengthOfCharacters(ReadOnlySpan<byte> bytes)
    {
        var length = 0;
        while (Rune.DecodeFromUtf8(bytes[length..], out _, out var count) == OperationStatus.Done)
            length += count;
        return length;
    }

    private static byte? ByteOf(string token) =>
        token.Length == TokenLength && token.StartsWith("<0x", StringComparison.Ordinal) && token[^1] == '>'
            && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) ? value : null;
}
