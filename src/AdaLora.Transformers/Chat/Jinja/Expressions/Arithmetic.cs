using AdaLora.Transformers.Chat.Jinja.Syntax;
using AdaLora.Transformers.Chat.Jinja.Values;

namespace AdaLora.Transformers.Chat.Jinja.Expressions;

/// <summary>What signs do to two values, as in Python.</summary>
internal static class Arithmetic
{
    public static object? Compute(Run run, Place at, string sign, object? left, object? right)
    {
        switch (sign, left, right)
        {
            case ("+", string a, string b):
                run.Count(at, a.Length + b.Length);
                return a + b;
            case ("+", TupleValue a, TupleValue b):
                return new TupleValue(Together(run, at, a, b));
            case ("+", List<object?> a, List<object?> b) when a is TupleValue == b is TupleValue:
                return Together(run, at, a, b);
            case ("*", string text, long or bool):
                return Repeated(run, at, text, Whole(right));
            case ("*", long or bool, string text):
                return Repeated(run, at, text, Whole(left));
            case ("*", List<object?> list, long count) when list is not TupleValue:
                run.Count(at, Math.Max(0, count) * list.Count);
                return Enumerable.Repeat(list, (int)Math.Max(0, count)).SelectMany(items => items).ToList();
            case (_, long or bool, long or bool):
                return OfWhole(at, sign, Whole(left), Whole(right));
            case (_, long or bool or double, long or bool or double):
                return OfNumbers(at, sign, Number(left), Number(right));
            default:
                throw at.Fault($"'{sign}' can't be used between {Kinds.NameOf(left)} and {Kinds.NameOf(right)}");
        }
    }

    public static bool Holds(Run run, Place at, string sign, object? left, object? right) => sign switch
    {
        "==" => Truth.AreEqual(left, right),
        "!=" => !Truth.AreEqual(left, right),
        "in" => Contains(run, at, right, left),
        "not in" => !Contains(run, at, right, left),
        _ => Truth.Compare(left, right) is { } order
            ? sign switch { "<" => order < 0, "<=" => order <= 0, ">" => order > 0, _ => order >= 0 }
            : throw at.Fault($"'{sign}' can't be used between {Kinds.NameOf(left)} and {Kinds.NameOf(right)}"),
    };

    private static bool Contains(Run run, Place at, object? container, object? item)
    {
        switch (container)
        {
            case string text:
                return item is string part ? text.Contains(part, StringComparison.Ordinal) : throw at.Fault($"a string contains strings, not {Kinds.NameOf(item)}");
            case Dictionary<string, object?> mapping:
                return item is string key && mapping.ContainsKey(key);
            case List<object?> list:
                run.Count(at, list.Count);
                return list.Exists(other => Truth.AreEqual(other, item));
            case Undefined:
                return false;
            default:
                throw at.Fault($"{Kinds.NameOf(container)} contains nothing");
        }
    }

    private static List<object?> Together(Run run, Place at, List<object?> a, List<object?> b)
    {
        run.Count(at, a.Count + b.Count);
        return [.. a, .. b];
    }

    private static string Repeated(Run run, Place at, string text, long count)
    {
        run.Count(at, checked(Math.Max(0, count) * Math.Max(1, text.Length)));
        return string.Concat(Enumerable.Repeat(text, (int)Math.Max(0, count)));
    }

    private static object OfWhole(Place at, string sign, long a, long b)
    {
        if (sign is "/" or "//" or "%" && b == 0)
            throw at.Fault("division by zero");
        try
        {
            return sign switch
            {
                "+" => (object)checked(a + b),
                "-" => checked(a - b),
                "*" => checked(a * b),
                "/" => (double)a / b,
                "//" => checked((a / b) - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0)),
                "%" => b == -1 ? 0L : ((a % b) + b) % b,
                _ when b is >= 0 and <= 64 => Power(a, b),
                _ => Math.Pow(a, b),
            };
        }
        catch (OverflowException)
        {
            throw at.Fault("the number is too large");
        }
    }

    private static long Power(long a, long b)
    {
        var result = 1L;
        for (var i = 0; i < b; i++)
            result = checked(result * a);
        return result;
    }

    private static double OfNumbers(Place at, string sign, double a, double b) => sign switch
    {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" or "//" or "%" when b == 0 => throw at.Fault("division by zero"),
        "/" => a / b,
        "//" => Math.Floor(a / b),
        "%" => a - (b * Math.Floor(a / b)),
        _ => Math.Pow(a, b),
    };

    private static long Whole(object? value) => value is bool truth ? (truth ? 1 : 0) : (long)value!;

    private static double Number(object? value) => value is double number ? number : Whole(value);
}
