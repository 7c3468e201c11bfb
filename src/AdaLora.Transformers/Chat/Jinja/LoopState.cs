using AdaLora.Transformers.Chat.Jinja.Values;

namespace AdaLora.Transformers.Chat.Jinja;

/// <summary>What a loop knows about itself.</summary>
/// <param name="items">All that it goes over.</param>
/// <param name="depth">How many loops that call each other it is in, from 1.</param>
/// <param name="again">Goes over something else within it; null if it is not recursive.</param>
internal sealed class LoopState(List<object?> items, int depth, Callable? again)
{
    private object? _lastChanged = new Undefined("nothing was there before");

    public int Index { get; set; }

    public Callable? Again => again;

    public (bool Exists, object? Value) Find(string name) => name switch
    {
        "index" => (true, Index + 1L),
        "index0" => (true, (long)Index),
        "revindex" => (true, (long)(items.Count - Index)),
        "revindex0" => (true, items.Count - Index - 1L),
        "first" => (true, Index == 0),
        "last" => (true, Index == items.Count - 1),
        "length" => (true, (long)items.Count),
        "depth" => (true, (long)depth),
        "depth0" => (true, depth - 1L),
        "previtem" when Index > 0 => (true, items[Index - 1]),
        "nextitem" when Index + 1 < items.Count => (true, items[Index + 1]),
        "cycle" => (true, new Callable("loop.cycle", (_, arguments) => arguments.Positional.Count > 0
            ? arguments.Positional[Index % arguments.Positional.Count]
            : throw arguments.At.Fault("loop.cycle needs something to go through"))),
        "changed" => (true, new Callable("loop.changed", (_, arguments) => Changed(new TupleValue(arguments.Positional)))),
        _ => (false, null),
    };

    private bool Changed(TupleValue values)
    {
        var isNew = !Truth.AreEqual(_lastChanged, values);
        _lastChanged = values;
        return isNew;
    }
}
