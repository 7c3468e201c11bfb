using AdaLora.Transformers.Chat.Jinja.Expressions;
using AdaLora.Transformers.Chat.Jinja.Values;

namespace AdaLora.Transformers.Chat.Jinja.Functions;

/// <summary>What can be asked about a value.</summary>
internal static class Tests
{
    private static readonly Dictionary<string, Func<Run, object?, Arguments, bool>> All = new(StringComparer.Ordinal)
    {
        ["defined"] = (_, value, _) => value is not Undefined,
        ["undefined"] = (_, value, _) => value is Undefined,
        ["none"] = (_, value, _) => value is null,
        ["boolean"] = (_, value, _) => value is bool,
        ["true"] = (_, value, _) => value is true,
        ["false"] = (_, value, _) => value is false,
        ["integer"] = (_, value, _) => value is long,
        ["float"] = (_, value, _) => value is double,
        ["number"] = (_, value, _) => value is long or double or bool,
        ["string"] = (_, value, _) => value is string,
        ["mapping"] = (_, value, _) => value is Dictionary<string, object?>,
        ["sequence"] = (_, value, _) => value is string or List<object?> or Dictionary<string, object?> or Undefined,
        ["iterable"] = (_, value, _) => Kinds.Items(value) is not null,
        ["callable"] = (_, value, _) => value is Callable or LoopState { Again: not null },
        ["lower"] = (_, value, _) => PrintedText.Of(value) is var text && text.Any(char.IsLower) && !text.Any(char.IsUpper),
        ["upper"] = (_, value, _) => PrintedText.Of(value) is var text && text.Any(char.IsUpper) && !text.Any(char.IsLower),
        ["odd"] = (run, value, a) => Truth.AreEqual(Arithmetic.Compute(run, a.At, "%", value, 2L), 1L),
        ["even"] = (run, value, a) => Truth.AreEqual(Arithmetic.Compute(run, a.At, "%", value, 2L), 0L),
        ["divisibleby"] = (run, value, a) => Truth.AreEqual(Arithmetic.Compute(run, a.At, "%", value, a.Next("num")), 0L),
        ["sameas"] = (_, value, a) => a.Next("other") is var other && (value is null or bool ? Equals(value, other) : ReferenceEquals(value, other)),
        ["filter"] = (_, value, _) => value is string name && Filters.Exists(name),
        ["test"] = (_, value, _) => value is string name && Exists(name),
        ["in"] = (run, value, a) => Arithmetic.Holds(run, a.At, "in", value, a.Next("seq")),
        ["eq"] = Comparing("=="),
        ["equalto"] = Comparing("=="),
        ["=="] = Comparing("=="),
        ["ne"] = Comparing("!="),
        ["!="] = Comparing("!="),
        ["lt"] = Comparing("<"),
        ["lessthan"] = Comparing("<"),
        ["<"] = Comparing("<"),
        ["le"] = Comparing("<="),
        ["<="] = Comparing("<="),
        ["gt"] = Comparing(">"),
        ["greaterthan"] = Comparing(">"),
        [">"] = Comparing(">"),
        ["ge"] = Comparing(">="),
        [">="] = Comparing(">="),
    };

    public static bool Exists(string name) => All.ContainsKey(name);

    /// <param name="run">The rendering.</param>
    /// <param name="name">The test, which exists.</param>
    /// <param name="arguments">The value and what else the test is given.</param>
    public static bool Apply(Run run, string name, Arguments arguments)
    {
        var holds = All[name](run, arguments.Next("value"), arguments);
        arguments.End();
        return holds;
    }

    private static Func<Run, object?, Arguments, bool> Comparing(string sign) => (run, value, arguments) => Arithmetic.Holds(run, arguments.At, sign, value, arguments.Next("other"));
}
