using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace AdaLora.Transformers.Tokenization.Decoders;

/// <summary>Reads tokens such as &lt;0x0A&gt; as bytes. A run of them is one text, or one U+FFFD for each if it is not UTF-8.</summary>
internal sealed class ByteFallbackDecoder : TokenDecoder
{
    private const int TokenLength = 6;

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
            if (run.Count > 0)
                decoded.Add(Utf8.IsValid([.. run]) ? Encoding.UTF8.GetString([.. run]) : new string('\uFFFD', run.Count));
            run.Clear();
        }
    }

    private static byte? ByteOf(string token) =>
        token.Length == TokenLength && token.StartsWith("<0x", StringComparison.Ordinal) && token[^1] == '>'
            && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) ? value : null;
}
