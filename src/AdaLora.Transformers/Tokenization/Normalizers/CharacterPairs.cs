using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace AdaLora.Transformers.Tokenization.Normalizers;

/// <summary>Which two characters Unicode composes into one, found out from the runtime.</summary>
internal static class CharacterPairs
{
    private static readonly ConcurrentDictionary<(int First, int Second), int> Composed = new();

    /// <summary>The composition, or null if there is none.</summary>
    public static Rune? Compose(Rune first, Rune second)
    {
        if (!CanBeSecond(second))
            return null;
        var composed = Composed.GetOrAdd((first.Value, second.Value), static pair =>
        {
            var text = $"{new Rune(pair.First)}{new Rune(pair.Second)}".Normalize(NormalizationForm.FormC);
            return Rune.DecodeFromUtf16(text, out var rune, out var width) == System.Buffers.OperationStatus.Done && width == text.Length ? rune.Value : -1;
        });
        return composed < 0 ? null : new Rune(composed);
    }

    // Vowels and final consonants of Hangul, the vowel signs of Kirat Rai, and marks.
    private static bool CanBeSecond(Rune rune) => !rune.IsAscii && (rune.Value is (>= 0x1161 and <= 0x1175) or (>= 0x11A8 and <= 0x11C2) or (>= 0x16D67 and <= 0x16D68)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark);
}
