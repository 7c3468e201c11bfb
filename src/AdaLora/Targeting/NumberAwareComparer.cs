using System.Globalization;

namespace AdaLora.Targeting;

/// <summary>Orders dotted names part by part: numbers by value and before texts, texts ordinally. "layer.2.x" comes before "layer.10.x".</summary>
internal sealed class NumberAwareComparer : IComparer<string>
{
    public static NumberAwareComparer Instance { get; } = new();

    public int Compare(string? x, string? y)
    {
        var (left, right) = ((x ?? "").Split('.'), (y ?? "").Split('.'));
        foreach (var (a, b) in left.Zip(right))
        {
            if (CompareParts(a, b) is not 0 and var order)
                return order;
        }

        return left.Length.CompareTo(right.Length);
    }

    private static int CompareParts(string a, string b) => (Number(a), Number(b)) switch
    {
        ({ } first, { } second) when first != second => first.CompareTo(second),
        ({ }, null) => -1,
        (null, { }) => 1,
        _ => string.CompareOrdinal(a, b),
    };

    private static long? Number(string part) => long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
