using System.Text.RegularExpressions;

namespace AdaLora.Tests.Architecture;

/// <summary>A C# file: its path, what it declares, and which names its code uses.</summary>
internal sealed partial class SourceFile
{
    public SourceFile(string path, string relative)
    {
        var code = CodeText.Of(File.ReadAllText(path));
        Name = relative;
        Namespace = NamespaceLine().Match(code).Groups[1].Value;
        Usings = [.. UsingLine().Matches(code).Select(match => match.Groups[1].Value)];
        var body = UsingLine().Replace(NamespaceLine().Replace(code, ""), "");
        Types = [.. TypeLine().Matches(body).Select(match => match.Groups[1].Value).Distinct()];
        Extensions = [.. Extension().Matches(body).Select(match => match.Groups[1].Value).Distinct()];
        Names = Identifier().Matches(body).Select(match => match.Groups[1].Value).ToHashSet(StringComparer.Ordinal);
        Calls = Call().Matches(body).Select(match => match.Groups[1].Value).ToHashSet(StringComparer.Ordinal);
        Qualified = [.. QualifiedName().Matches(body).Select(match => (match.Groups[1].Value, match.Groups[2].Value)).Distinct()];
    }

    /// <summary>The path from the project's folder, with slashes.</summary>
    public string Name { get; }

    /// <summary>The first folder below the project's, or an empty string for files next to the project.</summary>
    public string Room => Name.IndexOf('/', StringComparison.Ordinal) is >= 0 and var slash ? Name[..slash] : "";

    public string Namespace { get; }

    public IReadOnlyList<string> Usings { get; }

    /// <summary>Top-level types that the file declares.</summary>
    public IReadOnlyList<string> Types { get; }

    /// <summary>Extension methods that the file declares.</summary>
    public IReadOnlyList<string> Extensions { get; }

    /// <summary>Names that are not a member of something else.</summary>
    public IReadOnlySet<string> Names { get; }

    /// <summary>Names after a dot.</summary>
    public IReadOnlySet<string> Calls { get; }

    /// <summary>Names and what follows them after a dot.</summary>
    public IReadOnlyList<(string First, string Second)> Qualified { get; }

    [GeneratedRegex(@"^namespace\s+([\w.]+)\s*;", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(@"^(?:global\s+)?using\s+(?:static\s+)?(?:\w+\s*=\s*)?([\w.]+)\s*;", RegexOptions.Multiline)]
    private static partial Regex UsingLine();

    [GeneratedRegex(@"^(?:(?:public|internal|file|sealed|abstract|static|partial|readonly|ref|unsafe)\s+)*(?:class|struct|interface|enum|record(?:\s+struct|\s+class)?|delegate\s+[^\s(]+)\s+(\w+)", RegexOptions.Multiline)]
    private static partial Regex TypeLine();

    [GeneratedRegex(@"\b(\w+)(?:<[^>(]*>)?\(\s*this\s")]
    private static partial Regex Extension();

    [GeneratedRegex(@"(?<![.\w])([A-Za-z_]\w*)")]
    private static partial Regex Identifier();

    [GeneratedRegex(@"\.\s*([A-Za-z_]\w*)")]
    private static partial Regex Call();

    [GeneratedRegex(@"(?<![.\w])([A-Z]\w*)\.([A-Z]\w*)")]
    private static partial Regex QualifiedName();
}
