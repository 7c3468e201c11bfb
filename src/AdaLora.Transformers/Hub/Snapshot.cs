using AdaLora.Internals;

namespace AdaLora.Transformers.Hub;

/// <summary>The files of one commit in the cache: links into the repository's blobs, or copies of them.</summary>
/// <param name="repository">The repository's folder in the cache.</param>
/// <param name="commit">The commit.</param>
internal sealed class Snapshot(string repository, string commit)
{
    public string Commit { get; } = commit;

    public string Folder { get; } = Path.Combine(repository, "snapshots", commit);

    public string PathOf(string file) => Path.Combine(Folder, file);

    /// <summary>Whether a file can be read. A link whose blob was removed counts as missing.</summary>
    public bool Has(string file) => Blob.IsThere(PathOf(file));

    /// <summary>Whether the repository is known to have no such file in this commit.</summary>
    public bool LacksForGood(string file) => File.Exists(AbsenceOf(file));

    public bool Settles(string file) => Has(file) || LacksForGood(file);

    /// <summary>Records that the repository has no such file in this commit.</summary>
    public void NoteAbsence(string file)
    {
        _ = Directory.CreateDirectory(Path.GetDirectoryName(AbsenceOf(file))!);
        RegularFile.RequireNoLink(AbsenceOf(file));
        // Shared, because another process may be recording the same.
        new FileStream(AbsenceOf(file), FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite).Dispose();
    }

    /// <summary>Makes a blob the content of a file: by a relative link, so that the cache can be moved, or, where links are impossible, by moving or copying the blob.</summary>
    /// <param name="file">The file's name.</param>
    /// <param name="blob">The blob's path.</param>
    /// <param name="isNew">Whether nothing else refers to the blob, so that it may be moved.</param>
    /// <param name="links">Whether links may be tried.</param>
    public void Put(string file, string blob, bool isNew, bool links)
    {
        _ = Directory.CreateDirectory(Folder);
        var path = PathOf(file);
        if (links && TryLink(path, Path.GetRelativePath(Folder, blob)))
            return;
        if (isNew)
        {
            File.Move(blob, path, overwrite: true);
            return;
        }
        AtomicFile.Copy(blob, path);
    }

    private string AbsenceOf(string file) => Path.Combine(repository, ".no_exist", Commit, file);

    private static bool TryLink(string path, string target)
    {
        try
        {
            // A link to a blob that was removed is in the way.
            File.Delete(path);
            _ = File.CreateSymbolicLink(path, target);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
