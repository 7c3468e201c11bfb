using System.Text.Json.Nodes;
using AdaLora.Internals;

namespace AdaLora.Peft;

/// <summary>A field that assigns numbers to modules by expressions for the ends of their names. They are tried in file order, and the first match counts.</summary>
internal sealed class ModuleNumbers
{
    private readonly IReadOnlyList<(Func<string, bool> Matches, double Value)> _rules;
    private readonly Dictionary<string, double?> _found = new(StringComparer.Ordinal);

    public ModuleNumbers(JsonFields fields, string name)
    {
        var expressions = new ModuleExpressions(name);
        _rules = [.. (fields.Map(name, Number, "a number") ?? []).Select(p => (expressions.EndOfName(p.Key), (double)p.Value))];
    }

    public IEnumerable<double> Values => _rules.Select(rule => rule.Value);

    /// <summary>The number of a module; null if no expression matches its name.</summary>
    /// <exception cref="InvalidDataException">The expressions take too long to match.</exception>
    public double? Of(string module)
    {
        if (!_found.TryGetValue(module, out var value))
        {
            foreach (var rule in _rules.Where(rule => rule.Matches(module)).Take(1))
                value = rule.Value;
            _found.Add(module, value);
        }

        return value;
    }

    private static object? Number(JsonNode? node) => node is JsonValue value && value.TryGetValue<double>(out var number) ? number : null;
}
