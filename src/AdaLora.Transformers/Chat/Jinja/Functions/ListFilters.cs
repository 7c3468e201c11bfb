using AdaLora.Transformers.Chat.Jinja.Expressions;
using AdaLora.Transformers.Chat.Jinja.Values;

namespace AdaLora.Transformers.Chat.Jinja.Functions;

/// <summary>Filters for lists, and whatever has items.</summary>
internal static class ListFilters
{
    public static IReadOnlyDictionary<string, Func<Run, object?, Arguments, object?>> All { get; } = new Dictionary<string, Func<Run, object?, Arguments, object?>>(StringComparer.Ordinal)
    {
        ["length"] = (_, value, a) => Kinds.Length(value) ?? throw a.At.Fault($"{Kinds.NameOf(value)} has no length"),
        ["count"] = (_, value, a) => Kinds.Length(value) ?? throw a.At.Fault($"{Kinds.NameOf(value)} has no length"),
        ["list"] = (_, value, a) => Items(value, a).ToList(),
        ["first"] = (_, value, a) => Items(value, a) is [var first, ..] ? first : new Undefined("an empty list has no first item"),
        ["last"] = (_, value, a) => Items(value, a) is [.., var last] ? last : new Undefined("an empty list has no last item"),
        ["join"] = Join,
        ["reverse"] = (_, value, a) => value is string ? string.Concat(Enumerable.Reverse(Items(value, a))) : Enumerable.Reverse(Items(value, a)).ToList(),
        ["items"] = (_, value, a) => value is Undefined ? [] : Pairs(value, a),
        ["dictsort"] = (_, value, a) =>
        {
            var (sensitive, part, reverse) = (a.NextTruth("case_sensitive", false), a.NextText("by", "key") == "value" ? 1 : 0, a.NextTruth("reverse", false));
            return Sort(Pairs(value, a), sensitive, pair => ((TupleValue)pair!)[part], reverse, a);
        },
        ["sort"] = (_, value, a) =>
        {
            var (reverse, sensitive, attribute) = (a.NextTruth("reverse", false), a.NextTruth("case_sensitive", false), a.NextText("attribute", null));
            return Sort(Items(value, a), sensitive, item => attribute is null ? item : Attribute(a, item, attribute), reverse, a);
        },
        ["unique"] = Unique,
        ["map"] = Map,
        ["select"] = (run, value, a) => Select(run, value, a, hasAttribute: false, wanted: true),
        ["reject"] = (run, value, a) => Select(run, value, a, hasAttribute: false, wanted: false),
        ["selectattr"] = (run, value, a) => Select(run, value, a, hasAttribute: true, wanted: true),
        ["rejectattr"] = (run, value, a) => Select(run, value, a, hasAttribute: true, wanted: false),
    };

    public static List<object?> Items(object? value, Arguments arguments) => Kinds.Items(value) ?? throw arguments.At.Fault($"{arguments.What} needs items, which {Kinds.NameOf(value)} has not");

    /// <summary>An attribute of an item: keys and numbers with dots between them.</summary>
    private static object? Attribute(Arguments arguments, object? item, object? path)
    {
        if (path is not string text)
            return Access.Of(arguments.At, item, path, isAttribute: false);
        foreach (var name in text.Split('.'))
            item = Access.Of(arguments.At, item, long.TryParse(name, out var index) ? index : name, isAttribute: false);
        return item;
    }

    private static List<object?> Pairs(object? value, Arguments arguments) => value is Dictionary<string, object?> mapping
        ? [.. mapping.Select(pair => new TupleValue([pair.Key, pair.Value]))]
        : throw arguments.At.Fault($"{arguments.What} needs a mapping, not {Kinds.NameOf(value)}");

    private static string Join(Run run, object? value, Arguments arguments)
    {
        var (separator, attribute) = (PrintedText.Of(arguments.Next("d", "")), arguments.Next("attribute", null));
        var items = Items(value, arguments);
        run.Count(arguments.At, (long)separator.Length * items.Count);
        return string.Join(separator, items.Select(item => PrintedText.Of(attribute is null ? item : Attribute(arguments, item, attribute))));
    }

    private static List<object?> Sort(List<object?> items, bool isCaseSensitive, Func<object?, object?> keyOf, bool isReversed, Arguments arguments)
    {
        var keys = items.ConvertAll(item => keyOf(item) is string text && !isCaseSensitive ? text.ToLowerInvariant() : keyOf(item));
        var order = Enumerable.Range(0, items.Count).ToArray();
        Comparison<int> compare = (a, b) => Truth.Compare(keys[a], keys[b]) ?? throw arguments.At.Fault($"{Kinds.NameOf(keys[a])} and {Kinds.NameOf(keys[b])} have no order");
        try
        {
            // A stable order, also in reverse.
            Array.Sort(order, (a, b) => (isReversed ? -compare(a, b) : compare(a, b)) is not 0 and var found ? found : a.CompareTo(b));
        }
        catch (InvalidOperationException e) when (e.InnerException is ChatTemplateException fault)
        {
            throw fault;
        }

        return [.. order.Select(place => items[place])];
    }

    private static List<object?> Unique(Run run, object? value, Arguments arguments)
    {
        var (isCaseSensitive, attribute) = (arguments.NextTruth("case_sensitive", false), arguments.Next("attribute", null));
        var (kept, keys) = (new List<object?>(), new List<object?>());
        foreach (var item in Items(value, arguments))
        {
            var key = attribute is null ? item : Attribute(arguments, item, attribute);
            if (key is string text && !isCaseSensitive)
                key = text.ToLowerInvariant();
            run.Count(arguments.At, keys.Count);
            if (keys.Exists(other => Truth.AreEqual(other, key)))
                continue;
            keys.Add(key);
            kept.Add(item);
        }

        return kept;
    }

    private static List<object?> Map(Run run, object? value, Arguments arguments)
    {
        var items = Items(value, arguments);
        if (arguments.Positional.Count == 1)
        {
            var (attribute, missing) = (arguments.Next("attribute"), new object());
            var otherwise = arguments.Next("default", missing);
            return items.ConvertAll(item => Attribute(arguments, item, attribute) is var found && found is Undefined && !ReferenceEquals(otherwise, missing) ? otherwise : found);
        }

        var name = arguments.NextText("filter");
        var further = Rest(arguments, 2);
        return Filters.Exists(name)
            ? items.ConvertAll(item => Filters.Apply(run, name, new Arguments($"the filter {name}", arguments.At, [item, .. further], Named(arguments))))
            : throw arguments.At.Fault($"the filter '{name}' is not supported");
    }

    private static List<object?> Select(Run run, object? value, Arguments arguments, bool hasAttribute, bool wanted)
    {
        var items = Items(value, arguments);
        var attribute = hasAttribute ? arguments.Next("attribute") : null;
        var name = arguments.NextText("test", null);
        var further = Rest(arguments, hasAttribute ? 3 : 2);
        if (name is not null && !Tests.Exists(name))
            throw arguments.At.Fault($"the test '{name}' is not supported");
        return items.FindAll(item =>
        {
            run.Step(arguments.At);
            var tested = hasAttribute ? Attribute(arguments, item, attribute) : item;
            return wanted == (name is null ? Truth.Of(tested) : Tests.Apply(run, name, new Arguments($"the test {name}", arguments.At, [tested, .. further], Named(arguments))));
        });
    }

    // What is left for the filter or test that is applied to each item.
    private static List<object?> Rest(Arguments arguments, int from)
    {
        var rest = arguments.Positional.Skip(from).ToList();
        rest.ForEach(_ => arguments.Next(""));
        return rest;
    }

    private static Dictionary<string, object?> Named(Arguments arguments)
    {
        foreach (var name in arguments.Named.Keys)
            _ = arguments.Named.Count > 0 ? arguments.Next(name, null) : null;
        return new Dictionary<string, object?>(arguments.Named, StringComparer.Ordinal);
    }
}
