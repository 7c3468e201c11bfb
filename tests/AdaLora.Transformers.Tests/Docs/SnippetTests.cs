using System.Text.RegularExpressions;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Transformers.Tests.Docs;

/// <summary>The C# of the documentation is what <see cref="Snippets"/> runs, word for word.</summary>
public sealed partial class SnippetTests
{
    private static readonly string Source = string.Concat(
        Directory.GetFiles(TestMaterial.InRepository("tests/AdaLora.Transformers.Tests/Docs"), "Snippets*.cs").Order(StringComparer.Ordinal).Select(File.ReadAllText));

    private static readonly IReadOnlyList<string> Tested = [.. TestedCode().Matches(Source).Select(match => Normalize(match.Groups[1].Value))];

    public static TheoryData<string> Documents =>
    [
        .. new[] { "README.md", "src/AdaLora/PACKAGE.md", "src/AdaLora.Transformers/PACKAGE.md", "src/AdaLora.Chat/PACKAGE.md" }
            .Concat(Directory.GetFiles(TestMaterial.InRepository("docs"), "*.md").Select(path => Path.GetRelativePath(TestMaterial.RepositoryRoot, path))),
    ];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_piece_of_code_is_one_that_is_run(string document)
    {
        foreach (var block in Blocks(document))
        {
            var usings = block.Split('\n').Where(line => UsingDirective().IsMatch(line)).ToList();
            Assert.All(usings, line => Assert.True(Source.Contains(line, StringComparison.Ordinal)
                || line is "using AdaLora;" or "using AdaLora.Transformers;", $"{document}: '{line}' is not what the snippets use"));
            Assert.True(Tested.Contains(Code(block)), $"{document} shows code that no test runs:\n{Code(block)}");
        }
    }

    [Fact]
    public void Every_piece_that_is_run_is_shown_somewhere()
    {
        var shown = Documents.SelectMany(document => Blocks(document.Data)).Select(Code).ToList();

        Assert.All(Tested, code => Assert.Contains(code, shown));
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void Links_lead_to_files_and_chapters_that_exist(string document)
    {
        var folder = Path.GetDirectoryName(TestMaterial.InRepository(document))!;
        foreach (Match link in Link().Matches(File.ReadAllText(TestMaterial.InRepository(document))))
        {
            var (file, anchor) = (link.Groups[1].Value, link.Groups[2].Value);
            var target = file.Length == 0 ? TestMaterial.InRepository(document) : Path.Combine(folder, file);
            Assert.True(Path.Exists(target), $"{document} links to {file}, which does not exist");
            if (anchor.Length > 0)
            {
                Assert.Contains(File.ReadLines(target).Where(line => line.StartsWith('#')),
                    line => line.TrimStart('#', ' ').ToLowerInvariant().Replace(",", "", StringComparison.Ordinal).Replace(' ', '-') == anchor);
            }
        }
    }

    private static IEnumerable<string> Blocks(string document) =>
        ShownCode().Matches(File.ReadAllText(TestMaterial.InRepository(document))).Select(match => match.Groups[1].Value);

    private static string Code(string block) => Normalize(string.Join('\n', block.Split('\n').Where(line => !UsingDirective().IsMatch(line))));

    // Without the common indentation and blank lines at both ends.
    private static string Normalize(string code)
    {
        var lines = code.ReplaceLineEndings("\n").Trim('\n').Split('\n').Select(line => line.TrimEnd()).ToList();
        var indentation = lines.Where(line => line.Length > 0).Min(line => line.Length - line.TrimStart().Length);
        return string.Join('\n', lines.Select(line => line.Length >= indentation ? line[indentation..] : line)).Trim();
    }

    [GeneratedRegex(@"// snippet\r?\n(.*?)\n *// end", RegexOptions.Singleline)]
    private static partial Regex TestedCode();

    [GeneratedRegex(@"```csharp\r?\n(.*?)\n```", RegexOptions.Singleline)]
    private static partial Regex ShownCode();

    [GeneratedRegex(@"^using (static )?[\w.]+;$")]
    private static partial Regex UsingDirective();

    [GeneratedRegex(@"\]\((?!https?:)([^)#]*)#?([^)]*)\)")]
    private static partial Regex Link();
}
