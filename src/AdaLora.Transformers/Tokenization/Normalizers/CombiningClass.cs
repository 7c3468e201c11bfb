using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace AdaLora.Transformers.Tokenization.Normalizers;

/// <summary>
/// The order in which Unicode puts marks behind a letter. The runtime knows it but doesn't tell: whether it exchanges a mark and one of a known class tells which comes first.
/// </summary>
internal static class CombiningClass
{
    // One mark of each class, in the order of the classes: 1, 6 to 36, 84, 91, 103, ... 240.
    private static readonly Rune[] Known =
    [
        .. new[]
        {
            0x334, 0x16FF0, 0x93C, 0x3099, 0x94D, 0x5B0, 0x5B1, 0x5B2, 0x5B3, 0x5B4, 0x5B5, 0x5B6, 0x5B7, 0x5B8, 0x5B9, 0x5BB, 0x5BC, 0x5BD, 0x5BF, 0x5C1, 0x5C2, 0xFB1E, 0x64B, 0x64C, 0x64D,
            0x64E, 0x64F, 0x650, 0x651, 0x652, 0x670, 0x711, 0xC55, 0xC56, 0xE38, 0xE48, 0xEB8, 0xEC8, 0xF71, 0xF72, 0xF74, 0x327, 0x1DCE, 0x31B, 0x302A, 0x316, 0x59A, 0x302E, 0x1D16D, 0x5AE,
            0x301, 0x315, 0x35C, 0x35D, 0x345,
        }.Select(value => new Rune(value)),
    ];

    private static readonly ConcurrentDictionary<int, int> Ranks = new();

    /// <summary>0 for what no mark is moved across, otherwise a number that grows with the class.</summary>
    public static int Of(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
        ? Ranks.GetOrAdd(rune.Value, static value => Find(new Rune(value)))
        : 0;

    private static int Find(Rune mark)
    {
        if (!Exchanges(mark, Known[0]) && !Exchanges(Known[^1], mark))
            return 0;
        var lower = 0;
        while (lower < Known.Length && Exchanges(mark, Known[lower]))
            lower++;
        // Odd for a known class, even for one between two of them.
        return 1 + (2 * lower) - (lower < Known.Length && !Exchanges(Known[lower], mark) ? 0 : 1);
    }

    private static bool Exchanges(Rune first, Rune second)
    {
        var text = $"{first}{second}";
        return text.Normalize(NormalizationForm.FormD) != text;
    }
}
