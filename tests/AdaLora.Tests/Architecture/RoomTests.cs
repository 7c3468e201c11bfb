using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Tests.Architecture;

/// <summary>Arrows between the folders of a project go one way, namespaces follow folders, and docs/architecture.md shows the actual arrows.</summary>
public sealed class RoomTests
{
    private const string Document = "docs/architecture.md";

    public static TheoryData<string> Projects =>
    [
        "src/AdaLora", "src/AdaLora.Transformers", "samples/AdaLora.Experiments", "samples/AdaLora.Glue", "samples/AdaLora.Squad", "samples/AdaLora.Summarization", "samples/AdaLora.Instruct",
    ];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Arrows_between_folders_make_no_circle(string project)
    {
        var rooms = new Rooms(TestMaterial.InRepository(project));

        Assert.True(rooms.Names.Count() > 3, $"{project} has only these folders: {string.Join(", ", rooms.Names)}");
        Assert.True(rooms.Circles().Count == 0, $"These arrows of {project} lie on circles:\n{string.Join('\n', rooms.Circles())}");
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Namespaces_follow_folders(string project)
    {
        var root = Path.GetFileName(project);
        foreach (var file in new Rooms(TestMaterial.InRepository(project)).Files.Where(file => file.Namespace.Length > 0))
        {
            var folders = Path.GetDirectoryName(file.Name)!.Replace('\\', '/').Replace('/', '.');
            Assert.True(file.Namespace == (folders.Length == 0 ? root : $"{root}.{folders}"), $"{project}/{file.Name} is in the namespace {file.Namespace}");
        }
    }

    /// <summary>Nothing below the root needs it.</summary>
    [Theory]
    [InlineData("src/AdaLora")]
    public void No_folder_names_what_stands_at_the_root(string project)
    {
        var rooms = new Rooms(TestMaterial.InRepository(project));

        Assert.Empty(rooms.Names.Where(room => rooms.From(room).ContainsKey("")).Select(room => rooms.From(room)[""]));
    }

    /// <summary>Run with ADALORA_WRITE_ARROWS=1 to write them again.</summary>
    [Theory]
    [MemberData(nameof(Projects))]
    public void The_architecture_shows_the_arrows(string project)
    {
        var file = TestMaterial.InRepository(Document);
        var text = File.ReadAllText(file).ReplaceLineEndings("\n");
        var (begin, end) = ($"<!-- arrows {project} -->\n", "<!-- /arrows -->");
        var start = text.IndexOf(begin, StringComparison.Ordinal);
        Assert.True(start >= 0, $"{Document} has no place for the arrows of {project}: {begin}{end}");
        start += begin.Length;
        var stop = text.IndexOf(end, start, StringComparison.Ordinal);
        var drawn = string.Concat(new Rooms(TestMaterial.InRepository(project)).Picture().Select(line => $"    {line}\n"));
        if (Environment.GetEnvironmentVariable("ADALORA_WRITE_ARROWS") == "1")
            File.WriteAllText(file, $"{text[..start]}\n{drawn}\n{text[stop..]}");

        Assert.Contains(drawn, File.ReadAllText(file).ReplaceLineEndings("\n")[start..], StringComparison.Ordinal);
    }

    [Fact]
    public void A_circle_is_found()
    {
        using var folder = new TemporaryFolder();
        Write("A/First.cs", "using P.B;\nnamespace P.A;\ninternal sealed class First { private readonly Second _other = new(); }");
        Write("B/Second.cs", "namespace P.B;\ninternal sealed class Second { public string Text => $\"{nameof(C.Third)}\"; }");
        Write("C/Third.cs", "using P.A;\nnamespace P.C;\ninternal sealed class Third : First;");
        Write("D/Fourth.cs", "using P.A;\nnamespace P.D;\n/// <summary>Unlike <see cref=\"First\"/>.</summary>\ninternal sealed class Fourth { private const string First = \"First\"; }");

        var rooms = new Rooms(folder.File("P"));

        Assert.Equal(["A -> B: A/First.cs names Second", "B -> C: B/Second.cs names C.Third", "C -> A: C/Third.cs names First"], rooms.Circles());

        void Write(string name, string code)
        {
            var path = Path.Combine(folder.File("P"), name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, code);
        }
    }

    [Theory]
    [InlineData("a /* b */ c // d\ne", "a  c \ne")]
    [InlineData("f(\"g {h}\", $\"i {j} {{k}} {l(\"m\")}\", 'n')", "f( ,  j l(   ) , )")]
    [InlineData("var s = @\"a\"\"b\"; t", "var s =  ; t")]
    [InlineData("x = $$\"\"\"\n{ a {{b}} }\n\"\"\"; c", "x =  b ; c")]
    public void Code_is_what_stands_outside_of_comments_and_texts(string source, string code) =>
        Assert.Equal(code.Split(' ', StringSplitOptions.RemoveEmptyEntries), CodeText.Of(source).Split(' ', StringSplitOptions.RemoveEmptyEntries));
}
