using System.Text;
using System.Text.RegularExpressions;

namespace AdaLora.Targeting;

/// <summary>One validated pattern over dotted module names.</summary>
internal sealed class NamePattern
{
    // User-supplied expressions may backtrack; a dotted name is short, so a match that takes this long never ends.
    private static readonly TimeSpan RegexTimeout = TimeSpan.FromSeconds(1);

    private readonly Func<string, bool> _matches;
    private readonly string _kind;

    private NamePattern(string kind, string text, NameMatch strength, Func<string, bool> matches)
    {
        _kind = kind;
        _matches = matches;
        Text = text;
        Strength = strength;
    }

    public string Text { get; }

    public NameMatch Strength { get; }

    public static NamePattern Suffix(string text)
    {
        RequireDotted(text, "suffix");
        if (HasWildcard(text))
            throw new ArgumentException($"The suffix '{text}' holds a wildcard, which a suffix takes literally. Write it as a glob or a regular expression.", nameof(text));

        var tail = "." + text;
        return new("suffix", text, NameMatch.ByName, name => name == text || name.EndsWith(tail, StringComparison.Ordinal));
    }

    public static NamePattern Glob(string text)
    {
        RequireDotted(text, "glob");
        if (text.Contains("***", StringComparison.Ordinal))
            throw new ArgumentException($"The glob '{text}' holds '***'. Use '*' for one segment or '**' for any number of them.", nameof(text));

        try
        {
            var expression = new Regex(GlobToRegex(text), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            return new("glob", text, NameMatch.ByRegion, expression.IsMatch);
        }
        catch (NotSupportedException tooLarge)
        {
            throw new ArgumentException($"The glob of {text.Length} characters is too long to be matched. Give several shorter ones.", nameof(text), tooLarge);
        }
    }

    public static NamePattern Regex(string text)
    {
        RequireText(text, "regular expression");
        // On its own first: 'a)|(b' is invalid by itself but would become valid inside the group.
        _ = Compile(text, text);
        var whole = Compile($@"\A(?:{text})\z", text);
        return new("regex", text, NameMatch.ByRegion, whole.IsMatch);
    }

    /// <summary>Exactly the module with this name, whatever characters the name contains.</summary>
    public static NamePattern Exact(string name) => new("name", name, NameMatch.ByName, other => other == name);

    /// <summary>A glob if <paramref name="text"/> contains a wildcard, otherwise a suffix (a full name is one too).</summary>
    public static NamePattern Parse(string text)
    {
        RequireText(text, "pattern");
        return HasWildcard(text) ? Glob(text) : Suffix(text);
    }

    /// <summary>Whether the name is selected, in its registered or its readable form.</summary>
    public bool Matches(string name) => _matches(name) || (ReadableName.Of(name) is var readable && readable.Length != name.Length && _matches(readable));

    public override string ToString() => $"{_kind} '{Text}'";

    private static bool HasWildcard(string text) => text.AsSpan().IndexOfAny('*', '?') >= 0;

    private static Regex Compile(string expression, string text)
    {
        try
        {
            return new Regex(expression, RegexOptions.CultureInvariant, RegexTimeout);
        }
        catch (ArgumentException e)
        {
            throw new ArgumentException($"'{text}' is not a valid .NET regular expression: {e.Message}", nameof(text), e);
        }
    }

    private static string GlobToRegex(string glob)
    {
        var result = new StringBuilder(@"\A");
        for (var i = 0; i < glob.Length; i++)
        {
            var segmentStarts = i == 0 || glob[i - 1] == '.';
            if (segmentStarts && glob.AsSpan(i).StartsWith("**."))
            {
                // '**.' also stands for no segment, so that '**.query' finds a 'query' in the root.
                _ = result.Append(@"(?:.*\.)?");
                i += 2;
            }
            else if (glob.AsSpan(i).StartsWith("**"))
            {
                _ = result.Append(".*");
                i++;
            }
            else
            {
                _ = glob[i] switch
                {
                    '*' => result.Append("[^.]*"),
                    '?' => result.Append("[^.]"),
                    var c => result.Append(System.Text.RegularExpressions.Regex.Escape(c.ToString())),
                };
            }
        }

        return result.Append(@"\z").ToString();
    }

    private static void RequireText(string text, string kind)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (string.IsNullOrWhiteSpace(text) || text.Length != text.Trim().Length)
            throw new ArgumentException($"The {kind} '{text}' is empty or has white space around it.", nameof(text));
    }

    private static void RequireDotted(string text, string kind)
    {
        RequireText(text, kind);
        if (text.StartsWith('.') || text.EndsWith('.') || text.Contains("..", StringComparison.Ordinal))
            throw new ArgumentException($"The {kind} '{text}' has an empty segment; module names look like 'encoder.layer.0.query'.", nameof(text));
    }
}
