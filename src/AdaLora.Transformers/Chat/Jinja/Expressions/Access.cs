using AdaLora.Transformers.Chat.Jinja.Functions;
using AdaLora.Transformers.Chat.Jinja.Syntax;
using AdaLora.Transformers.Chat.Jinja.Values;

namespace AdaLora.Transformers.Chat.Jinja.Expressions;

/// <summary>An attribute or an item of a value.</summary>
/// <param name="at">Where it is.</param>
/// <param name="of">The value.</param>
/// <param name="key">Which one.</param>
/// <param name="isAttribute">Whether it is written with a dot: then methods go before keys.</param>
internal sealed class Access(Place at, Expression of, Expression key, bool isAttribute) : Expression(at)
{
    protected override object? Compute(Run run, Scope scope) => Of(At, of.Evaluate(run, scope), key.Evaluate(run, scope), isAttribute);

    public static object? Of(Place at, object? value, object? key, bool isAttribute)
    {
        if (value is Undefined undefined)
            throw at.Fault($"there is nothing to take {Shown(key)} from: {undefined.Why}");
        if (key is string { Length: > 0 } name && name[0] == '_')
            throw at.Fault($"'{name}' is not accessible to templates");
        if (isAttribute && key is string method && Methods.Find(value, method) is { } found)
            return found;
        return ItemOf(value, key) is (true, var item) ? item
            : !isAttribute && key is string other && value is not Dictionary<string, object?> && Methods.Find(value, other) is { } late ? late
            : new Undefined($"{Kinds.NameOf(value)} has no {Shown(key)}");
    }

    private static (bool Exists, object? Item) ItemOf(object? value, object? key) => (value, key) switch
    {
        (Dictionary<string, object?> mapping, string name) => (mapping.TryGetValue(name, out var item), item),
        (NamespaceValue space, string name) => (space.Attributes.TryGetValue(name, out var item), item),
        (LoopState loop, string name) => loop.Find(name),
        (List<object?> list, long index) => Numbered(list, index),
        (string text, long index) => Numbered(Kinds.Characters(text), index),
        _ => (false, null),
    };

    private static (bool Exists, object? Item) Numbered(List<object?> list, long index)
    {
        var place = index < 0 ? index + list.Count : index;
        return place >= 0 && place < list.Count ? (true, list[(int)place]) : (false, null);
    }

    private static string Shown(object? key) => key is string name ? $"'{name}'" : $"item {PrintedText.Representation(key)}";
}

/// <summary>Some items of a list, or some characters of a text.</summary>
internal sealed class Slice(Place at, Expression of, Expression? first, Expression? last, Expression? step) : Expression(at)
{
    protected override object? Compute(Run run, Scope scope)
    {
        var value = of.Evaluate(run, scope);
        var items = value is string text ? Kinds.Characters(text)
            : value as List<object?> ?? throw At.Fault($"{Kinds.NameOf(value)} can't be cut");
        run.Count(At, items.Count);
        var by = Number(step, run, scope) ?? 1;
        if (by == 0)
            throw At.Fault("the step of a slice must not be 0");
        var (low, high) = by > 0 ? (0L, items.Count) : (-1L, items.Count - 1L);
        var (from, to) = (Bound(first, by > 0 ? low : high), Bound(last, by > 0 ? high : low));
        var taken = new List<object?>();
        for (var i = from; by > 0 ? i < to : i > to; i += by)
            taken.Add(items[(int)i]);
        return value is string ? string.Concat(taken) : value is TupleValue ? new TupleValue(taken) : taken;

        long Bound(Expression? written, long otherwise) =>
            Number(written, run, scope) is { } index ? Math.Clamp(index < 0 ? index + items.Count : index, low, high) : otherwise;
    }

    private static long? Number(Expression? written, Run run, Scope scope) => written?.Evaluate(run, scope) switch
    {
        null => null,
        long number => Math.Clamp(number, -int.MaxValue, int.MaxValue),
        bool truth => truth ? 1 : 0,
        var other => throw written!.At.Fault($"a slice needs whole numbers, not {Kinds.NameOf(other)}"),
    };
}
