using AdaLora.Transformers.Chat.Jinja.Values;

namespace AdaLora.Transformers.Chat.Jinja;

/// <summary>The names that are known at some point, and those outside.</summary>
/// <param name="outer">What is outside, or null.</param>
internal sealed class Scope(Scope? outer)
{
    private readonly Dictionary<string, object?> _values = new(StringComparer.Ordinal);

    public object? this[string name]
    {
        get
        {
            for (var scope = this; scope is not null; scope = scope.Outer)
            {
                if (scope._values.TryGetValue(name, out var value))
                    return value;
            }

            return new Undefined($"'{name}' is undefined");
        }
        set => _values[name] = value;
    }

    private Scope? Outer => outer;
}
