using System.Diagnostics;
using System.Text.RegularExpressions;

namespace AdaLora.Peft;

/// <summary>
/// Expressions over module names from a field of a configuration. They are untrusted: where possible they are matched without backtracking, and the others share a time limit, after which
/// the file is refused.
/// </summary>
/// <param name="field">The field, for the error message.</param>
internal sealed partial class ModuleExpressions(string field)
{
    private static readonly TimeSpan LongestMatch = TimeSpan.FromSeconds(1);

    private TimeSpan _left = TimeSpan.FromSeconds(3);

    /// <summary>Returns a test for whether a whole name matches an expression; null if the text is not an expression.</summary>
    public Func<string, bool>? WholeName(string expression) => Compile(expression, $@"\A(?:{expression})\z");

    /// <summary>Returns a test for whether the end of a name, starting at a dot or the beginning, matches an expression; a text that is not an expression stands for itself.</summary>
    public Func<string, bool> EndOfName(string expression)
    {
        if (Plain().IsMatch(expression))
            return name => EndsWith(name, expression);
        return Compile(expression, EndPattern(expression)) ?? Compile("", EndPattern(Regex.Escape(expression)))!;
    }

    private static string EndPattern(string expression) => $@"\A(?:.*\.)?(?:{expression})\z";

    // Most keys are names. The comparison follows the expression's meaning: a dot is any character.
    private static bool EndsWith(string name, string plain)
    {
        var start = name.Length - plain.Length;
        if (start < 0 || (start > 0 && name[start - 1] != '.'))
            return false;
        for (var i = plain.Length - 1; i >= 0; i--)
        {
            if (plain[i] != name[start + i] && (plain[i] != '.' || name[start + i] == '\n'))
                return false;
        }

        return true;
    }

    private Func<string, bool>? Compile(string alone, string anchored)
    {
        try
        {
            // On its own first: 'a)|(b' is invalid by itself but would become valid inside the group.
            _ = RegexParse(alone);
            return new Regex(anchored, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant).IsMatch;
        }
        catch (ArgumentException)
        {
            return null;
        }
        catch (NotSupportedException)
        {
            var expression = new Regex(anchored, RegexOptions.CultureInvariant, LongestMatch);
            return name => Match(expression, alone, name);
        }
    }

    private static Regex RegexParse(string text) => new(text, RegexOptions.CultureInvariant, LongestMatch);

    private bool Match(Regex expression, string text, string name)
    {
        var start = Stopwatch.GetTimestamp();
        try
        {
            var isMatch = expression.IsMatch(name);
            _left -= Stopwatch.GetElapsedTime(start);
            return _left > TimeSpan.Zero ? isMatch : throw TooSlow(text, null);
        }
        catch (RegexMatchTimeoutException e)
        {
            throw TooSlow(text, e);
        }
    }

    private InvalidDataException TooSlow(string text, Exception? cause) =>
        new($"'{field}' in the adapter's configuration cannot be used: its expression '{(text.Length > 100 ? text[..100] + "…" : text)}' takes too long to match. List the modules' names instead.", cause);

    [GeneratedRegex(@"\A[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\z")]
    private static partial Regex Plain();
}
