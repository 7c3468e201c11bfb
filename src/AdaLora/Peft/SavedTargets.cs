using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AdaLora.Internals;
using AdaLora.Targeting;

namespace AdaLora.Peft;

/// <summary>The modules a configuration selects, by PEFT's rules: a list of suffixes, or a single expression that must match the whole name.</summary>
internal sealed class SavedTargets
{
    private readonly Func<string, bool>? _selects;

    private SavedTargets(Func<string, bool>? selects) => _selects = selects;

    /// <summary>
    /// Whether the module is selected. False for every name if the rules cannot be followed here (all linear layers but the output, selected layers, an expression that only Python
    /// understands): then only the stored tensors determine what is adapted.
    /// </summary>
    /// <exception cref="InvalidDataException">An expression takes too long to match.</exception>
    public bool Selects(string module) => _selects?.Invoke(module) ?? false;

    public static SavedTargets Read(JsonFields fields, JsonObject json)
    {
        var selected = Selection(fields, json, "target_modules");
        var excluded = Selection(fields, json, "exclude_modules");
        if (selected is null || fields.IsPresent("layers_to_transform") || (excluded is null && fields.IsPresent("exclude_modules")))
            return new SavedTargets(null);
        return new SavedTargets(excluded is null ? selected : name => selected(name) && !excluded(name));
    }

    /// <summary>A selection of exactly the given modules: their names or, if one of these is also the end of another module's name, an expression.</summary>
    /// <param name="selected">The names to select.</param>
    /// <param name="all">The names of all modules.</param>
    public static JsonNode Write(IReadOnlyList<string> selected, IEnumerable<string> all)
    {
        var names = selected.ToHashSet(StringComparer.Ordinal);
        var isExact = all.Where(name => !names.Contains(name)).All(name => !EndsWithAny(name, names));
        return isExact
            ? new JsonArray([.. selected.Select(name => (JsonNode)name)])
            : JsonValue.Create(string.Join('|', selected.Select(Regex.Escape)));
    }

    /// <summary>Whether a name ends, starting at a dot, with one of the names.</summary>
    public static bool EndsWithAny(string name, IReadOnlySet<string> names)
    {
        for (var dot = name.IndexOf('.'); dot >= 0; dot = name.IndexOf('.', dot + 1))
        {
            if (names.Contains(name[(dot + 1)..]))
                return true;
        }

        return false;
    }

    private static Func<string, bool>? Selection(JsonFields fields, JsonObject json, string name)
    {
        if (json[name] is JsonValue value && value.TryGetValue<string>(out var expression))
            return expression == "all-linear" ? null : new ModuleExpressions(name).WholeName(expression);
        try
        {
            return fields.Texts(name) is { Count: > 0 } suffixes ? TargetModules.Suffixes([.. suffixes]).Matches : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
