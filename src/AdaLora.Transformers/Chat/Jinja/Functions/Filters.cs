using AdaLora.Transformers.Chat.Jinja.Values;

namespace AdaLora.Transformers.Chat.Jinja.Functions;

/// <summary>What can be made of a value.</summary>
internal static class Filters
{
    private static readonly Dictionary<string, Func<Run, object?, Arguments, object?>> All =
        new(TextFilters.All.Concat(ListFilters.All).Concat(NumberFilters.All), StringComparer.Ordinal)
        {
            ["default"] = Default,
            ["d"] = Default,
            ["tojson"] = ToJson,
        };

    public static bool Exists(string name) => All.ContainsKey(name);

    /// <param name="run">The rendering.</param>
    /// <param name="name">The filter, which exists.</param>
    /// <param name="arguments">The value and what else the filter is given.</param>
    public static object? Apply(Run run, string name, Arguments arguments)
    {
        var result = All[name](run, arguments.Next("value"), arguments);
        arguments.End();
        run.Count(arguments.At, result switch { string text => text.Length, List<object?> list => list.Count, _ => 0 });
        return result;
    }

    private static object? Default(Run run, object? value, Arguments arguments)
    {
        var (otherwise, alsoFalse) = (arguments.Next("default_value", ""), arguments.NextTruth("boolean", false));
        return value is Undefined || (alsoFalse && !Truth.Of(value)) ? otherwise : value;
    }

    // As in transformers: HTML signs and other characters stay as they are.
    private static string ToJson(Run run, object? value, Arguments arguments)
    {
        var isAscii = arguments.NextTruth("ensure_ascii", false);
        var indent = arguments.Next("indent", null) switch
        {
            null => null,
            string text => text,
            long width => new string(' ', (int)Math.Clamp(width, 0, 100)),
            var other => throw arguments.At.Fault($"the indent of tojson must be a number or a string, not {Kinds.NameOf(other)}"),
        };
        var separators = arguments.Next("separators", null) switch
        {
            null => (indent is null ? ", " : ",", ": "),
            TupleValue or List<object?> when Kinds.Items(arguments.Named.GetValueOrDefault("separators") ?? arguments.Positional[^1]) is [string item, string key] => (item, key),
            _ => throw arguments.At.Fault("the separators of tojson must be two strings"),
        };
        return new JsonText(arguments.At, indent, separators, arguments.NextTruth("sort_keys", false), isAscii).Write(value);
    }
}
