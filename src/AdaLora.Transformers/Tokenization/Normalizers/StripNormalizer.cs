using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.Normalizers;

/// <summary>Removes white space from the ends of a text.</summary>
internal sealed class StripNormalizer(bool left, bool right) : TextNormalizer
{
    public override bool Apply(AlignedText text, AlignedText result)
    {
        var span = text.Span;
        var (start, end) = (0, span.Length);
        while (left && start < end && char.IsWhiteSpace(span[start]))
            start++;
        while (right && end > start && char.IsWhiteSpace(span[end - 1]))
            end--;
        if (end - start == span.Length)
            return false;
        result.Clear(text.Origin);
        result.Append(text, start, end);
        return true;
    }
}
