namespace AdaLora.Internals;

/// <summary>
/// Files of a folder that are replaced together: they are written completely into a folder next to their destination, which a single rename then makes valid; from that moment on,
/// readers that ask <see cref="Find"/> get these files, wherever moving the individual files was interrupted. Nothing outside the folder is touched.
/// </summary>
/// <param name="whole">What they are together, such as "adapter".</param>
/// <param name="files">
/// Their names, in the order in which they are moved: whatever describes another comes after it. Files of other names that are written with them come before all of these.
/// </param>
/// <param name="alternatives">Those of which one replaces the others.</param>
internal sealed class JointFiles(string whole, IReadOnlyList<string> files, IReadOnlyList<string>? alternatives = null)
{
    private string Pending => $".{whole}-pending";

    private string StagingPrefix => $".{whole}-staging-";

    /// <summary>Writes all files, or leaves the existing ones as they are.</summary>
    /// <param name="folder">Created if it does not exist.</param>
    /// <param name="writers">Writes one file's content, by file name.</param>
    /// <param name="create">Opens the stream for a path; null for a file.</param>
    /// <exception cref="IOException">The files cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">Writing to the folder is not permitted.</exception>
    public void Write(string folder, IReadOnlyDictionary<string, Action<Stream>> writers, Func<string, Stream>? create = null)
    {
        try
        {
            WriteAll(folder, writers, create);
        }
        catch (Exception e) when (WriteFailure.IsOne(e))
        {
            throw WriteFailure.Explain(e, folder);
        }
    }

    /// <summary>The path of the current version of a file, whether or not there is one.</summary>
    public string Find(string folder, string file)
    {
        var pending = Path.Combine(folder, Pending, file);
        return File.Exists(pending) ? pending : Path.Combine(folder, file);
    }

    /// <summary>Whether the current version of a file waits to be moved: then it counts, whatever alternative of it is in the folder.</summary>
    public bool IsPending(string folder, string file) => File.Exists(Path.Combine(folder, Pending, file));

    private void WriteAll(string folder, IReadOnlyDictionary<string, Action<Stream>> writers, Func<string, Stream>? create)
    {
        Directory.CreateDirectory(folder);
        if (writers.Keys.FirstOrDefault(file => Directory.Exists(Path.Combine(folder, file))) is { } obstacle)
            throw new IOException($"'{Path.Combine(folder, obstacle)}' is a folder, but the {whole} needs a file of that name.");
        FinishPending(folder);
        // A process killed while writing could not clean up.
        foreach (var torn in Directory.GetDirectories(folder, StagingPrefix + "*"))
            Directory.Delete(torn, recursive: true);
        var staging = Path.Combine(folder, $"{StagingPrefix}{Guid.NewGuid():N}");
        try
        {
            Directory.CreateDirectory(staging);
            foreach (var file in InOrder(writers.Keys))
                AtomicFile.WriteInPlace(Path.Combine(staging, file), writers[file], create);
            Directory.Move(staging, Path.Combine(folder, Pending));
        }
        catch
        {
            if (Directory.Exists(staging))
                Directory.Delete(staging, recursive: true);
            throw;
        }

        FinishPending(folder);
    }

    private void FinishPending(string folder)
    {
        var pending = Path.Combine(folder, Pending);
        if (!Directory.Exists(pending))
            return;
        var waiting = InOrder(Directory.GetFiles(pending).Select(file => Path.GetFileName(file)));
        if (alternatives?.Any(waiting.Contains) == true)
        {
            foreach (var other in alternatives.Except(waiting))
                File.Delete(Path.Combine(folder, other));
        }

        foreach (var file in waiting)
            File.Move(Path.Combine(pending, file), Path.Combine(folder, file), overwrite: true);
        Directory.Delete(pending, recursive: true);
    }

    private List<string> InOrder(IEnumerable<string> names)
    {
        var given = names.Order(StringComparer.Ordinal).ToList();
        return [.. given.Except(files), .. files.Intersect(given)];
    }
}
