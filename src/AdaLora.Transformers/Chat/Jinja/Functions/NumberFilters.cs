using AdaLora.Transformers.Chat.Jinja.Expressions;
using AdaLora.Transformers.Chat.Jinja.Values;

namespace AdaLora.Transformers.Chat.Jinja.Functions;

/// <summary>Filters for numbers.</summary>
internal static class NumberFilters
{
    public static IReadOnlyDictionary<string, Func<Run, object?, Arguments, object?>> All { get; } = new Dictionary<string, Func<Run, object?, Arguments, object?>>(StringComparer.Ordinal)
    {
        ["int"] = (_, value, a) => ToInteger(value) is { } number ? number : a.Next("default", 0L),
        ["float"] = (_, value, a) => ToNumber(value) is { } number ? number : a.Next("default", 0.0),
        ["abs"] = (_, value, a) => value switch
        {
            long number when number != long.MinValue => (object)Math.Abs(number),
            double number => Math.Abs(number),
            _ => throw a.At.Fault($"{Kinds.NameOf(value)} has no absolute value"),
        },
        ["round"] = Round,
        ["sum"] = (run, value, a) => ListFilters.Items(value, a).Aggregate((object?)a.NextInteger("start", 0), (sum, item) => Arithmetic.Compute(run, a.At, "+", sum, item)),
        ["min"] = (_, value, a) => Extreme(value, a, sign: -1),
        ["max"] = (_, value, a) => Extreme(value, a, sign: 1),
    };

    private static long? ToInteger(object? value) => value switch
    {
        long number => number,
        bool truth => truth ? 1 : 0,
        double number when Math.Abs(number) < long.MaxValue => (long)number,
        string text => PythonText.ToInteger(text) ?? (PythonText.ToNumber(text) is { } number && Math.Abs(number) < long.MaxValue ? (long)number : null),
        _ => null,
    };

    private static double? ToNumber(object? value) => value switch
    {
        long number => number,
        bool truth => truth ? 1 : 0,
        double number => number,
        string text => PythonText.ToNumber(text),
        _ => null,
    };

    private static object? Round(Run run, object? value, Arguments arguments)
    {
        var (precision, method) = (arguments.NextInteger("precision", 0), arguments.NextText("method", "common"));
        if (ToNumber(value) is not { } number || value is string || precision is < 0 or > 15)
            throw arguments.At.Fault($"{Kinds.NameOf(value)} can't be rounded to {precision} digits");
        var factor = Math.Pow(10, precision);
        return method switch
        {
            "common" => Math.Round(number, (int)precision, MidpointRounding.ToEven),
            "ceil" => Math.Ceiling(number * factor) / factor,
            "floor" => Math.Floor(number * factor) / factor,
            _ => throw arguments.At.Fault("the method of round must be common, ceil or floor"),
        };
    }

    private static object? Extreme(object? value, Arguments arguments, int sign)
    {
        var items = ListFilters.Items(value, arguments);
        if (items.Count == 0)
            return new Undefined("an empty list has no smallest or largest item");
        return items.Aggregate((best, item) => Truth.Compare(item, best) is { } order ? (order * sign > 0 ? item : best) : throw arguments.At.Fault("the items can't be compared"));
    }
}
