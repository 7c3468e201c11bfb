using System.Collections;

namespace AdaLora.Transformers.Chat.Jinja.Values;

/// <summary>Whether values are true, equal and smaller, as in Python.</summary>
internal static class Truth
{
    public static bool Of(object? value) => value switch
    {
        null or Undefined => false,
        bool truth => truth,
        long number => number != 0,
        double number => number != 0,
        string text => text.Length > 0,
        ICollection collection => collection.Count > 0,
        _ => true,
    };

    public static bool AreEqual(object? a, object? b) => (a, b) switch
    {
        (null, null) => true,
        (string x, string y) => string.Equals(x, y, StringComparison.Ordinal),
        (TupleValue x, TupleValue y) => x.Count == y.Count && x.Zip(y).All(pair => AreEqual(pair.First, pair.Second)),
        (TupleValue, List<object?>) or (List<object?>, TupleValue) => false,
        (List<object?> x, List<object?> y) => x.Count == y.Count && x.Zip(y).All(pair => AreEqual(pair.First, pair.Second)),
        (Dictionary<string, object?> x, Dictionary<string, object?> y) => x.Count == y.Count && x.All(pair => y.TryGetValue(pair.Key, out var other) && AreEqual(pair.Value, other)),
        (Undefined, Undefined) => true,
        _ when Number(a) is { } x && Number(b) is { } y => x.Equals(y),
        _ => ReferenceEquals(a, b),
    };

    /// <summary>The order of two values, or null if they have none.</summary>
    public static int? Compare(object? a, object? b)
    {
        if (a is string x && b is string y)
            return string.CompareOrdinal(x, y);
        if (a is long m && b is long n)
            return m.CompareTo(n);
        if (Number(a) is { } p && Number(b) is { } q)
            return p.CompareTo(q);
        if (a is not List<object?> list || b is not List<object?> other || a.GetType() != b.GetType())
            return null;
        foreach (var (one, two) in list.Zip(other))
        {
            if (!AreEqual(one, two))
                return Compare(one, two);
        }

        return list.Count.CompareTo(other.Count);
    }

    // Truth values are numbers, too.
    private static double? Number(object? value) => value switch
    {
        bool truth => truth ? 1 : 0,
        long number => number,
        double number => number,
        _ => null,
    };
}
