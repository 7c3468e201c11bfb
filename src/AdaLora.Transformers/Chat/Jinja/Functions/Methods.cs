using AdaLora.Transformers.Chat.Jinja.Values;

namespace AdaLora.Transformers.Chat.Jinja.Functions;

/// <summary>The methods of values. None of them changes anything.</summary>
internal static class Methods
{
    private static readonly Dictionary<string, Func<string, Run, Arguments, object?>> OfTexts = new(StringComparer.Ordinal)
    {
        ["strip"] = (text, _, a) => PythonText.Strip(text, a.NextText("chars", null)),
        ["lstrip"] = (text, _, a) => PythonText.Strip(text, a.NextText("chars", null), end: false),
        ["rstrip"] = (text, _, a) => PythonText.Strip(text, a.NextText("chars", null), start: false),
        ["split"] = (text, _, a) => PythonText.Split(text, Separator(a), a.NextInteger("maxsplit", -1)),
        ["rsplit"] = (text, _, a) => PythonText.SplitFromEnd(text, Separator(a), a.NextInteger("maxsplit", -1)),
        ["splitlines"] = (text, _, a) => PythonText.Lines(text, a.NextTruth("keepends", false)),
        ["startswith"] = (text, _, a) => Options(a, "prefix").Exists(option => text.StartsWith(option, StringComparison.Ordinal)),
        ["endswith"] = (text, _, a) => Options(a, "suffix").Exists(option => text.EndsWith(option, StringComparison.Ordinal)),
        ["removeprefix"] = (text, _, a) => a.NextText("prefix") is var prefix && text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : text,
        ["removesuffix"] = (text, _, a) => a.NextText("suffix") is { Length: > 0 } suffix && text.EndsWith(suffix, StringComparison.Ordinal) ? text[..^suffix.Length] : text,
        ["upper"] = (text, _, _) => text.ToUpperInvariant(),
        ["lower"] = (text, _, _) => text.ToLowerInvariant(),
        ["capitalize"] = (text, _, _) => PythonText.Capitalize(text),
        ["title"] = (text, _, _) => PythonText.Title(text, c => !char.IsLetter(c)),
        ["replace"] = (text, run, a) => Replace(run, a, text, a.NextText("old"), a.NextText("new"), a.NextInteger("count", -1)),
        ["find"] = (text, _, a) => (long)text.IndexOf(a.NextText("sub"), StringComparison.Ordinal),
        ["rfind"] = (text, _, a) => (long)text.LastIndexOf(a.NextText("sub"), StringComparison.Ordinal),
        ["count"] = (text, _, a) => Occurrences(text, a.NextText("sub")),
        ["join"] = (text, run, a) => Join(run, a, text),
        ["isdigit"] = (text, _, _) => text.Length > 0 && text.All(char.IsDigit),
        ["isalpha"] = (text, _, _) => text.Length > 0 && text.All(char.IsLetter),
        ["isalnum"] = (text, _, _) => text.Length > 0 && text.All(char.IsLetterOrDigit),
        ["isspace"] = (text, _, _) => text.Length > 0 && text.All(Syntax.Spaces.IsSpace),
        ["isupper"] = (text, _, _) => text.Any(char.IsUpper) && !text.Any(char.IsLower),
        ["islower"] = (text, _, _) => text.Any(char.IsLower) && !text.Any(char.IsUpper),
    };

    private static readonly Dictionary<string, Func<Dictionary<string, object?>, Arguments, object?>> OfMappings = new(StringComparer.Ordinal)
    {
        ["items"] = (mapping, _) => mapping.Select(pair => (object?)new TupleValue([pair.Key, pair.Value])).ToList(),
        ["keys"] = (mapping, _) => mapping.Keys.Select(key => (object?)key).ToList(),
        ["values"] = (mapping, _) => mapping.Values.ToList(),
        ["get"] = (mapping, a) =>
        {
            var (key, otherwise) = (a.Next("key"), a.Next("default", null));
            return key is string name && mapping.TryGetValue(name, out var value) ? value : otherwise;
        },
    };

    private static readonly Dictionary<string, Func<List<object?>, Arguments, object?>> OfLists = new(StringComparer.Ordinal)
    {
        ["index"] = (list, a) => a.Next("value") is var wanted && list.FindIndex(item => Truth.AreEqual(item, wanted)) is >= 0 and var place
            ? (long)place
            : throw a.At.Fault("the list does not hold the value"),
        ["count"] = (list, a) => a.Next("value") is var wanted ? (long)list.Count(item => Truth.AreEqual(item, wanted)) : 0,
    };

    /// <summary>A method of a value, or null.</summary>
    public static Callable? Find(object? value, string name) => value switch
    {
        string text when OfTexts.TryGetValue(name, out var method) => Bind(name, (run, arguments) => method(text, run, arguments)),
        Dictionary<string, object?> mapping when OfMappings.TryGetValue(name, out var method) => Bind(name, (_, arguments) => method(mapping, arguments)),
        List<object?> list when OfLists.TryGetValue(name, out var method) => Bind(name, (_, arguments) => method(list, arguments)),
        _ => null,
    };

    /// <summary>Replaces within a text, whose new length is counted first.</summary>
    public static string Replace(Run run, Arguments arguments, string text, string old, string replacement, long most)
    {
        var places = old.Length == 0 ? text.Length + 1 : (text.Length / old.Length) + 1;
        if (replacement.Length > old.Length)
            run.Count(arguments.At, Math.Min(places, most < 0 ? long.MaxValue : most) * (replacement.Length - old.Length));
        return run.Made(arguments.At, PythonText.Replace(text, old, replacement, most));
    }

    private static Callable Bind(string name, Func<Run, Arguments, object?> method) => new(name, (run, arguments) =>
    {
        var result = method(run, arguments);
        arguments.End();
        run.Count(arguments.At, result switch { string text => text.Length, List<object?> list => list.Count, _ => 0 });
        return result;
    });

    private static string? Separator(Arguments arguments)
    {
        var separator = arguments.NextText("sep", null);
        return separator is { Length: 0 } ? throw arguments.At.Fault("the separator is empty") : separator;
    }

    private static List<string> Options(Arguments arguments, string name) => arguments.Next(name) switch
    {
        string text => [text],
        TupleValue tuple when tuple.TrueForAll(item => item is string) => [.. tuple.Cast<string>()],
        var other => throw arguments.At.Fault($"{arguments.What} needs a string or a tuple of strings, not {Kinds.NameOf(other)}"),
    };

    private static string Join(Run run, Arguments arguments, string separator)
    {
        var items = Kinds.Items(arguments.Next("iterable")) ?? throw arguments.At.Fault("only items can be joined");
        if (items.Find(item => item is not string) is var other && items.Exists(item => item is not string))
            throw arguments.At.Fault($"only strings can be joined, not {Kinds.NameOf(other)}");
        run.Count(arguments.At, (long)separator.Length * items.Count);
        return string.Join(separator, items);
    }

    private static long Occurrences(string text, string part)
    {
        if (part.Length == 0)
            return text.Length + 1;
        var count = 0L;
        for (var at = text.IndexOf(part, StringComparison.Ordinal); at >= 0; at = text.IndexOf(part, at + part.Length, StringComparison.Ordinal))
            count++;
        return count;
    }
}
