using System.Globalization;
using System.Text;
using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.Normalizers;

/// <summary>Drops some characters and replaces others by one each.</summary>
/// <param name="map">The character that takes the place of another, or null for none.</param>
internal sealed class CharacterNormalizer(Func<Rune, Rune?> map) : TextNormalizer
{
    /// <summary>Drops all marks: accents that a decomposition has made characters of their own.</summary>
    public static CharacterNormalizer StripAccents { get; } = new(rune =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark ? null : rune);

    /// <summary>The rules of neural machine translation: control characters are dropped, and what separates words or has no width is a space.</summary>
    public static CharacterNormalizer Translation { get; } = new(rune => rune.Value switch
    {
        (>= 0x01 and <= 0x08) or 0x0B or (>= 0x0E and <= 0x1F) or 0x7F or 0x8F or 0x9F => null,
        0x09 or 0x0A or 0x0C or 0x0D or 0x1680 or (>= 0x200B and <= 0x200F) or 0x2028 or 0x2029 or 0x2581 or 0xFEFF or 0xFFFD => new Rune(' '),
        _ => rune,
    });

    public override bool Apply(AlignedText text, AlignedText result)
    {
        result.Clear(text.Origin);
        var changed = false;
        var span = text.Span;
        for (var i = 0; i < span.Length;)
        {
            _ = Rune.DecodeFromUtf16(span[i..], out var rune, out var width);
            var mapped = map(rune);
            changed |= mapped != rune;
            if (mapped is { } kept)
                result.Append(kept, text.StartOf(i), text.EndOf(i));
            i += width;
        }

        return changed;
    }
}
