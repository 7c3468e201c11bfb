namespace AdaLora.Tests.Architecture;

/// <summary>
/// The folders of a project and the arrows between them: a folder points at those that its files name types or extension methods of. The project's own files are the room with the empty
/// name.
/// </summary>
internal sealed class Rooms
{
    private readonly SortedDictionary<string, SortedDictionary<string, string>> _arrows = new(StringComparer.Ordinal);

    /// <param name="folder">The project's folder; its name is the root of its namespaces.</param>
    public Rooms(string folder)
    {
        var root = Path.GetFileName(folder);
        var files = Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Select(path => (Path: path, Name: Path.GetRelativePath(folder, path).Replace('\\', '/')))
            .Where(file => !file.Name.StartsWith("obj/", StringComparison.Ordinal) && !file.Name.StartsWith("bin/", StringComparison.Ordinal))
            .Select(file => new SourceFile(file.Path, file.Name))
            .OrderBy(file => file.Name, StringComparer.Ordinal).ToList();
        Files = files;
        var byNamespace = files.ToLookup(file => file.Namespace, StringComparer.Ordinal);
        var names = files.Select(file => file.Room).ToHashSet(StringComparer.Ordinal);
        foreach (var room in names)
            _arrows[room] = new(StringComparer.Ordinal);
        foreach (var file in files)
        {
            foreach (var other in file.Usings.Concat(WithParents(file.Namespace)).Distinct().SelectMany(name => byNamespace[name]).Where(other => other.Room != file.Room))
            {
                if ((other.Types.FirstOrDefault(type => file.Names.Contains(type) && !file.Types.Contains(type)) ?? other.Extensions.FirstOrDefault(file.Calls.Contains)) is { } used)
                    _arrows[file.Room].TryAdd(other.Room, $"{file.Name} names {used}");
            }

            foreach (var (first, second) in file.Qualified.Where(name => name.First != file.Room && names.Contains(name.First)))
            {
                var isType = files.Any(other => other.Room == first && (other.Types.Contains(second) || other.Namespace == $"{root}.{first}.{second}"));
                if (isType)
                    _arrows[file.Room].TryAdd(first, $"{file.Name} names {first}.{second}");
            }
        }
    }

    public IReadOnlyList<SourceFile> Files { get; }

    public IEnumerable<string> Names => _arrows.Keys;

    /// <summary>The rooms that a room's files name, each with the first file and name that do.</summary>
    public IReadOnlyDictionary<string, string> From(string room) => _arrows[room];

    /// <summary>The rooms that are part of cycles, each with what it names of the others in them. Empty if there are no cycles.</summary>
    public IReadOnlyList<string> Circles() =>
        [.. from room in Names from arrow in _arrows[room] where Reached(arrow.Key).Contains(room) select $"{Shown(room)} -> {Shown(arrow.Key)}: {arrow.Value}"];

    /// <summary>One line per room, each below all those that it names.</summary>
    public IReadOnlyList<string> Picture()
    {
        var lines = new List<string>();
        var drawn = new HashSet<string>(StringComparer.Ordinal);
        while (Names.FirstOrDefault(room => !drawn.Contains(room) && _arrows[room].Keys.All(drawn.Contains)) is { } next)
        {
            drawn.Add(next);
            lines.Add(_arrows[next].Count == 0 ? Shown(next) : $"{Shown(next),-14} -> {string.Join(", ", _arrows[next].Keys.Select(Shown))}");
        }

        return lines;
    }

    public static string Shown(string room) => room.Length == 0 ? "(root)" : room;

    private HashSet<string> Reached(string from)
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>([from]);
        while (open.TryPop(out var room))
        {
            if (reached.Add(room))
            {
                foreach (var next in _arrows[room].Keys)
                    open.Push(next);
            }
        }

        return reached;
    }

    private static IEnumerable<string> WithParents(string name)
    {
        for (var end = name.Length; end > 0; end = name.LastIndexOf('.', end - 1))
            yield return name[..end];
    }
}
