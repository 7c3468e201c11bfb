using System.Globalization;
using System.Text.RegularExpressions;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Tests.Architecture;

/// <summary>What .editorconfig says of every file and no analyzer checks: how long lines are, and that a single statement has no braces. IDE0011 demands them everywhere else.</summary>
public sealed partial class LayoutTests
{
    private static readonly string[] Folders = ["src", "samples", "tests", "eng"];

    /// <summary>Strings do not count: a message that was split is not found by its words.</summary>
    [Fact]
    public void No_line_is_longer_than_editorconfig_says()
    {
        var settings = File.ReadAllText(Path.Combine(RepositoryFolders.Root, ".editorconfig"));
        var longest = int.Parse(LongestLine().Match(settings).Groups[1].Value, CultureInfo.InvariantCulture);

        var longer = Files()
            .SelectMany(path => File.ReadLines(path).Select((line, i) => (Line: line, Place: $"{path}:{i + 1}")))
            .Where(line => line.Line.Length > longest && (line.Line.TrimStart().StartsWith("//", StringComparison.Ordinal) || CodeText.Of(line.Line).Length > longest))
            .Select(line => line.Place);

        Assert.Equal([], longer);
    }

    [Fact]
    public void A_single_statement_on_one_line_has_no_braces() =>
        Assert.Equal([], Files().SelectMany(path => SuperfluousBraces(File.ReadAllLines(path)).Select(line => $"{path}:{line + 1}")));

    [Theory]
    [InlineData("if (a)\n{\n    b();\n}", true)]
    [InlineData("if (a)\n    b();", false)]
    [InlineData("if (a)\n{\n    b();\n    c();\n}", false)]
    [InlineData("if (a)\n{\n    b();\n}\nelse\n{\n    c();\n    d();\n}", false)]
    [InlineData("if (a)\n{\n    b();\n}\nelse\n{\n    c();\n}", true)]
    [InlineData("foreach (var a in b)\n{\n    if (a)\n        c();\n}", false)]
    [InlineData("lock (a)\n{\n    var b = c;\n}", false)]
    public void Braces_are_superfluous_around_one_line(string code, bool areFound) => Assert.Equal(areFound, SuperfluousBraces(code.Split('\n')).Any());

    private static IEnumerable<string> Files() => Folders
        .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(RepositoryFolders.Root, folder), "*.cs", SearchOption.AllDirectories))
        .Where(path => !path.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"));

    // The lines of headers whose block, and all blocks of the same if, could do without braces.
    private static IEnumerable<int> SuperfluousBraces(string[] lines)
    {
        for (var i = 0; i < lines.Length; i++)
        {
            if (!Header().IsMatch(lines[i]) || IsElse(lines[i]))
                continue;
            var (blocks, at) = (new List<(bool HasBraces, bool IsShort)>(), i);
            while (true)
            {
                var (block, behind) = Block(lines, at);
                blocks.Add(block);
                if (behind >= lines.Length || IndentOf(lines[behind]) != IndentOf(lines[i]) || !IsElse(lines[behind]))
                    break;
                at = behind;
            }

            if (blocks.Any(block => block.HasBraces) && blocks.All(block => block.IsShort))
                yield return i;
        }
    }

    private static ((bool HasBraces, bool IsShort) Block, int Behind) Block(string[] lines, int header)
    {
        var (indent, first) = (IndentOf(lines[header]), header + 1);
        var hasBraces = first < lines.Length && lines[first].Trim() == "{";
        var end = hasBraces ? first + 1 : first;
        while (end < lines.Length && lines[end].Length > 0 && IndentOf(lines[end]) > indent)
            end++;
        var length = end - first - (hasBraces ? 1 : 0);
        var statement = hasBraces ? first + 1 : first;
        var isShort = length == 1 && Statement().IsMatch(lines[statement]) && !Declaration().IsMatch(lines[statement]) && (!hasBraces || (end < lines.Length && lines[end].Trim() == "}"));
        return ((hasBraces, isShort), hasBraces ? end + 1 : end);
    }

    private static bool IsElse(string line) => line.TrimStart().StartsWith("else", StringComparison.Ordinal);

    private static int IndentOf(string line) => line.Length - line.TrimStart().Length;

    [GeneratedRegex(@"^max_line_length = (\d+)", RegexOptions.Multiline)]
    private static partial Regex LongestLine();

    [GeneratedRegex(@"^\s*(?:else\s+)?(?:if|for|foreach|while|using|lock|fixed)\s*\(.*\)\s*$")]
    private static partial Regex Header();

    [GeneratedRegex(@"^\s*[^/].*;\s*$")]
    private static partial Regex Statement();

    [GeneratedRegex(@"^\s*(?:var|const|using|int|string|Tensor)\b[^=(]*=")]
    private static partial Regex Declaration();
}
