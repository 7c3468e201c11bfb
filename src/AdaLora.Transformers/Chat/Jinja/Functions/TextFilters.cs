using AdaLora.Transformers.Chat.Jinja.Syntax;
using AdaLora.Transformers.Chat.Jinja.Values;

namespace AdaLora.Transformers.Chat.Jinja.Functions;

/// <summary>Filters for texts, and whatever is printed as one.</summary>
internal static class TextFilters
{
    public static IReadOnlyDictionary<string, Func<Run, object?, Arguments, object?>> All { get; } = new Dictionary<string, Func<Run, object?, Arguments, object?>>(StringComparer.Ordinal)
    {
        ["trim"] = (_, value, a) => PythonText.Strip(Text(value), a.NextText("chars", null)),
        ["upper"] = (_, value, _) => Text(value).ToUpperInvariant(),
        ["lower"] = (_, value, _) => Text(value).ToLowerInvariant(),
        ["capitalize"] = (_, value, _) => PythonText.Capitalize(Text(value)),
        ["title"] = (_, value, _) => PythonText.Title(Text(value), c => Spaces.IsSpace(c) || c is '-' or '(' or '{' or '[' or '<'),
        ["replace"] = (run, value, a) => Methods.Replace(run, a, Text(value), a.NextText("old"), a.NextText("new"), a.NextInteger("count", -1)),
        ["string"] = (_, value, _) => Text(value),
        ["safe"] = (_, value, _) => Text(value),
        ["escape"] = (_, value, _) => Escape(Text(value)),
        ["e"] = (_, value, _) => Escape(Text(value)),
        ["indent"] = Indent,
        ["wordcount"] = (_, value, _) => (long)PythonText.Split(Text(value), null, -1).Count,
    };

    private static string Text(object? value) => PrintedText.Of(value);

    private static string Escape(string text) => text
        .Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace(">", "&gt;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace("'", "&#39;", StringComparison.Ordinal)
        .Replace("\"", "&#34;", StringComparison.Ordinal);

    private static string Indent(Run run, object? value, Arguments arguments)
    {
        var width = arguments.Next("width", 4L) switch
        {
            string text => text,
            long count => new string(' ', (int)Math.Clamp(count, 0, 1000)),
            var other => throw arguments.At.Fault($"the width must be a number or a string, not {Kinds.NameOf(other)}"),
        };
        var (first, blank) = (arguments.NextTruth("first", false), arguments.NextTruth("blank", false));
        var lines = PythonText.Lines(Text(value) + "\n", keepsEnds: false);
        run.Count(arguments.At, (long)lines.Count * width.Length);
        return string.Join('\n', lines.Cast<string>().Select((line, i) => (i == 0 ? first : blank || line.Length > 0) ? width + line : line));
    }
}
