using AdaLora.Transformers.Chat.Jinja.Values;

namespace AdaLora.Transformers.Chat.Jinja.Functions;

/// <summary>The functions that every template knows.</summary>
internal static class Globals
{
    private const long LongestRange = 100_000;

    public static void AddTo(Scope scope)
    {
        foreach (var function in (Callable[])
        [
            new("raise_exception", (_, a) => throw a.At.Raise(a.NextText("message"))),
            new("strftime_now", (run, a) => StrfTime.Format(a, run.Clock.GetLocalNow(), a.NextText("format"))),
            new("namespace", (_, a) => new NamespaceValue(Mapping(a))),
            new("dict", (_, a) => Mapping(a)),
            new("range", Range),
            new("joiner", (_, a) => Joiner(PrintedText.Of(a.Next("sep", ", ")))),
        ])
        {
            scope[function.Name] = function;
        }
    }

    private static Dictionary<string, object?> Mapping(Arguments arguments)
    {
        var mapping = arguments.Positional switch
        {
            [] => new Dictionary<string, object?>(StringComparer.Ordinal),
            [Dictionary<string, object?> given] => new Dictionary<string, object?>(given, StringComparer.Ordinal),
            _ => throw arguments.At.Fault($"{arguments.What} takes a mapping, or arguments with names"),
        };
        foreach (var (name, value) in arguments.Named)
            mapping[name] = value;
        return mapping;
    }

    private static List<object?> Range(Run run, Arguments arguments)
    {
        var first = arguments.NextInteger("start");
        var (from, to, step) = arguments.Positional.Count == 1 ? (0, first, 1) : (first, arguments.NextInteger("stop"), arguments.NextInteger("step", 1));
        arguments.End();
        if (step == 0)
            throw arguments.At.Fault("the step of range must not be 0");
        var count = step > 0 ? ((double)to - from) / step : ((double)from - to) / -(double)step;
        if (count > LongestRange)
            throw arguments.At.Fault($"a range of more than {LongestRange} numbers is not supported");
        run.Count(arguments.At, (long)Math.Max(0, count));
        var numbers = new List<object?>();
        for (var number = from; step > 0 ? number < to : number > to; number += step)
            numbers.Add(number);
        return numbers;
    }

    private static Callable Joiner(string separator)
    {
        var isFirst = true;
        return new Callable("joiner", (_, _) =>
        {
            var text = isFirst ? "" : separator;
            isFirst = false;
            return text;
        });
    }
}
