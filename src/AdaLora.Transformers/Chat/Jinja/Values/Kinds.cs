using System.Collections;

namespace AdaLora.Transformers.Chat.Jinja.Values;

/// <summary>
/// The kinds of values: null, bool, long, double, string, <see cref="List{T}"/> (also <see cref="TupleValue"/>), a dictionary with texts as keys, <see cref="NamespaceValue"/>,
/// <see cref="Callable"/>, <see cref="Undefined"/>, and the loop.
/// </summary>
internal static class Kinds
{
    /// <summary>The name of a value's kind, for messages.</summary>
    public static string NameOf(object? value) => value switch
    {
        null => "none",
        bool => "a truth value",
        long => "a whole number",
        double => "a number",
        string => "a string",
        TupleValue => "a tuple",
        List<object?> => "a list",
        Dictionary<string, object?> => "a mapping",
        NamespaceValue => "a namespace",
        Callable callable => $"the function {callable.Name}",
        Undefined undefined => $"undefined ({undefined.Why})",
        _ => "the loop",
    };

    /// <summary>What a loop over a value gives, or null if there is nothing to loop over.</summary>
    public static List<object?>? Items(object? value) => value switch
    {
        List<object?> list => list,
        Dictionary<string, object?> mapping => [.. mapping.Keys],
        string text => Characters(text),
        Undefined => [],
        _ => null,
    };

    /// <summary>The characters of a text, each as a text.</summary>
    public static List<object?> Characters(string text)
    {
        var list = new List<object?>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var isPair = char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]);
            list.Add(text.Substring(i, isPair ? 2 : 1));
            i += isPair ? 1 : 0;
        }

        return list;
    }

    /// <summary>The number of items, or null if a value has none.</summary>
    public static long? Length(object? value) => value switch
    {
        string text => text.Length - text.Count(char.IsLowSurrogate),
        ICollection collection => collection.Count,
        Undefined => 0,
        _ => null,
    };
}
