using AdaLora.Transformers.Chat.Jinja.Syntax;

namespace AdaLora.Transformers.Chat.Jinja.Values;

/// <summary>The arguments of a call.</summary>
/// <param name="what">What is called, for messages.</param>
/// <param name="at">Where.</param>
/// <param name="positional">Those without names.</param>
/// <param name="named">Those with names.</param>
internal sealed class Arguments(string what, Place at, IReadOnlyList<object?> positional, IReadOnlyDictionary<string, object?> named)
{
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);
    private int _read;

    public Place At => at;

    public string What => what;

    public IReadOnlyList<object?> Positional => positional;

    public IReadOnlyDictionary<string, object?> Named => named;

    /// <summary>The next argument, which must be there.</summary>
    public object? Next(string name) => Has(name, out var value) ? value : throw at.Fault($"{what} needs the argument '{name}'");

    /// <summary>The next argument, or something else if it is left out.</summary>
    public object? Next(string name, object? otherwise) => Has(name, out var value) ? value : otherwise;

    public string NextText(string name) => TextOf(name, Next(name));

    public string? NextText(string name, string? otherwise) => Has(name, out var value) && value is not null ? TextOf(name, value) : otherwise;

    public long NextInteger(string name, long otherwise) => Has(name, out var value) ? IntegerOf(name, value) : otherwise;

    public long NextInteger(string name) => IntegerOf(name, Next(name));

    public bool NextTruth(string name, bool otherwise) => Has(name, out var value) ? Truth.Of(value) : otherwise;

    /// <summary>Refuses arguments that were not asked for.</summary>
    public void End()
    {
        if (_read < positional.Count)
            throw at.Fault($"{what} takes {_read} arguments, but is given {positional.Count}");
        if (named.Keys.FirstOrDefault(name => !_used.Contains(name)) is { } unknown)
            throw at.Fault($"{what} does not take an argument '{unknown}'");
    }

    private bool Has(string name, out object? value)
    {
        if (_read < positional.Count)
        {
            value = positional[_read++];
            return true;
        }

        _ = _used.Add(name);
        return named.TryGetValue(name, out value);
    }

    private string TextOf(string name, object? value) => value as string ?? throw at.Fault($"the argument '{name}' of {what} must be a string, not {Kinds.NameOf(value)}");

    private long IntegerOf(string name, object? value) => value switch
    {
        long number => number,
        bool truth => truth ? 1 : 0,
        _ => throw at.Fault($"the argument '{name}' of {what} must be a whole number, not {Kinds.NameOf(value)}"),
    };
}
