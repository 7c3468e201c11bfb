using System.Text;
using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.Normalizers;

/// <summary>Lower case, character by character.</summary>
internal sealed class LowercaseNormalizer : TextNormalizer
{
    public override bool Apply(AlignedText text, AlignedText result)
    {
        result.Clear(text.Origin);
        var lowered = new StringBuilder(2);
        var span = text.Span;
        for (var i = 0; i < span.Length;)
        {
            _ = Rune.DecodeFromUtf16(span[i..], out var rune, out var width);
            if (rune.IsAscii)
            {
                result.Append(char.ToLowerInvariant(span[i]), text.StartOf(i), text.EndOf(i));
            }
            else
            {
                LetterCase.AppendLower(lowered.Clear(), rune);
                for (var j = 0; j < lowered.Length; j++)
                    result.Append(lowered[j], text.StartOf(i), text.EndOf(i));
            }

            i += width;
        }

        return true;
    }
}
