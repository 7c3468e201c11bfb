using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.Normalizers;

/// <summary>Replaces what a pattern finds. The replacement comes from where the last replaced character does.</summary>
internal sealed class ReplaceNormalizer(TextPattern pattern, string content) : TextNormalizer
{
    public override bool Apply(AlignedText text, AlignedText result)
    {
        var matches = pattern.Find(text.Span);
        if (matches.Count == 0)
            return false;
        result.Clear(text.Origin);
        var done = 0;
        foreach (var (start, end) in matches)
        {
            result.Append(text, done, start);
            if (end == 0)
                result.Append(content, text.Origin, text.Origin);
            else
                result.Append(content, text.StartOf(end - 1), text.EndOf(end - 1));
            done = end;
        }

        result.Append(text, done, text.Length);
        return true;
    }
}
