using System.Text;
using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.Decoders;

/// <summary>Replaces what a pattern finds in a token.</summary>
internal sealed class ReplaceDecoder(TextPattern pattern, string content) : TokenDecoder
{
    public override List<string> Decode(List<string> tokens) => tokens.ConvertAll(Replace);

    private string Replace(string token)
    {
        var matches = pattern.Find(token);
        if (matches.Count == 0)
            return token;
        var result = new StringBuilder(token.Length);
        var done = 0;
        foreach (var (start, end) in matches)
        {
            _ = result.Append(token, done, start - done).Append(content);
            done = end;
        }

        return result.Append(token, done, token.Length - done).ToString();
    }
}
