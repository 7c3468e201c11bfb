using System.Text;
using AdaLora.Internals;

namespace AdaLora.Transformers.Hub;

/// <summary>
/// One repository in a cache of the layout that the Python tools share: blobs/ holds contents under their ETags, snapshots/ a folder of links per commit, refs/ the commit of
/// every branch or tag, and .no_exist/ empty files for what a commit lacks.
/// </summary>
/// <param name="root">The cache's folder.</param>
/// <param name="name">The repository and revision.</param>
internal sealed class HubCache(string root, HubName name)
{
    private readonly string _repository = Path.Combine(root, name.FolderName);

    private string RefPath => Path.Combine([_repository, "refs", .. name.Revision.Split('/')]);

    /// <summary>The snapshot that the revision referred to when it was last looked up, or null if it never was.</summary>
    public Snapshot? FindSnapshot() => ReadCommit() is { } commit ? SnapshotOf(commit) : null;

    public Snapshot SnapshotOf(string commit) => new(_repository, commit);

    public string BlobPath(string etag) => Path.Combine(_repository, "blobs", etag);

    /// <summary>Where the beginning of a blob is kept until the rest arrives.</summary>
    public string PartPath(string etag) => BlobPath(etag) + ".incomplete";

    /// <summary>The lock that the Python tools also take before they write a blob.</summary>
    public string LockPath(string etag) => Path.Combine(root, ".locks", name.FolderName, etag + ".lock");

    /// <summary>Records the commit of the revision; to be called when the snapshot is complete, so that an older one stays in use until then.</summary>
    public void NoteCommit(string commit)
    {
        if (name.IsCommit || ReadCommit() == commit)
            return;
        _ = Directory.CreateDirectory(Path.GetDirectoryName(RefPath)!);
        AtomicFile.WriteText(RefPath, commit);
    }

    private string? ReadCommit()
    {
        if (name.IsCommit)
            return name.Revision;
        return File.Exists(RefPath) && Encoding.UTF8.GetString(RegularFile.ReadAllBytes(RefPath)).Trim() is var commit && HubName.IsCommitHash(commit) ? commit : null;
    }
}
