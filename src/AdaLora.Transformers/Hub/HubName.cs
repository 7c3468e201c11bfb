using System.Text.RegularExpressions;

namespace AdaLora.Transformers.Hub;

/// <summary>A repository on the hub and a revision of it, written owner/name or owner/name@revision.</summary>
internal sealed partial record HubName
{
    public const string DefaultRevision = "main";
    private const int LongestRevision = 200;

    private HubName(string owner, string name, string revision)
    {
        Owner = owner;
        Name = name;
        Revision = revision;
    }

    public string Owner { get; }

    public string Name { get; }

    /// <summary>A branch, a tag, a reference such as refs/pr/1, or a commit.</summary>
    public string Revision { get; }

    public string Repository => $"{Owner}/{Name}";

    /// <summary>Whether the revision is a commit, which never changes.</summary>
    public bool IsCommit => IsCommitHash(Revision);

    /// <summary>The name of the repository's folder in the cache.</summary>
    public string FolderName => $"models--{Owner}--{Name}";

    public static bool IsCommitHash(string text) => Commit().IsMatch(text);

    /// <summary>The parts of a name, or null if the text is not a name.</summary>
    public static HubName? TryParse(string text)
    {
        var at = text.IndexOf('@', StringComparison.Ordinal);
        var (repository, revision) = at < 0 ? (text, DefaultRevision) : (text[..at], text[(at + 1)..]);
        var parts = repository.Split('/');
        return parts.Length == 2 && parts.All(IsPart) && IsRevision(revision) ? new HubName(parts[0], parts[1], revision) : null;
    }

    public override string ToString() => Revision == DefaultRevision ? Repository : $"{Repository}@{Revision}";

    // Two hyphens would be taken for the separator of the cache's folder names.
    private static bool IsPart(string part) =>
        Part().IsMatch(part) && !part.Contains("--", StringComparison.Ordinal) && !part.Contains("..", StringComparison.Ordinal) && part[^1] is not ('.' or '-');

    // Revisions become paths below refs/, so no part of one may lead out of it.
    private static bool IsRevision(string revision) =>
        revision.Length <= LongestRevision && revision.Split('/').All(part => RevisionPart().IsMatch(part) && !part.Contains("..", StringComparison.Ordinal) && part[^1] != '.');

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9._-]{0,95}\z")]
    private static partial Regex Part();

    [GeneratedRegex(@"^[A-Za-z0-9_+#=~-][A-Za-z0-9._+#=~-]*\z")]
    private static partial Regex RevisionPart();

    [GeneratedRegex(@"^[0-9a-f]{40}\z")]
    private static partial Regex Commit();
}
