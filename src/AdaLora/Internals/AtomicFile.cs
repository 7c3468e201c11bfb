using System.Text;

namespace AdaLora.Internals;

/// <summary>
/// Writes files that are either unchanged or complete: first next to the target, flushed to disk, then renamed over it. Nothing is left behind if writing fails.
/// The only place where files are created.
/// </summary>
internal static class AtomicFile
{
    private const string Ending = ".tmp";

    /// <summary>Writes a file whose name is known in advance.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="write">Writes the content.</param>
    /// <param name="create">Opens the stream for a path; null for a new file.</param>
    /// <exception cref="IOException">The file cannot be written. An existing one stays.</exception>
    /// <exception cref="UnauthorizedAccessException">Writing to the folder or replacing the file is not permitted.</exception>
    public static void Write(string path, Action<Stream> write, Func<string, Stream>? create = null)
    {
        var target = Path.GetFullPath(path);
        _ = Write(
            Path.GetDirectoryName(target)!,
            stream =>
            {
                write(stream);
                return target;
            },
            create,
            told: path);
    }

    /// <summary>Creates a folder if it doesn't exist.</summary>
    /// <inheritdoc cref="Write(string, Action{Stream}, Func{string, Stream})" path="/exception"/>
    public static void MakeFolder(string folder)
    {
        try
        {
            _ = Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (WriteFailure.IsOne(e))
        {
            throw WriteFailure.Explain(e, folder);
        }
    }

    /// <summary>Writes a text as UTF-8 without a byte-order mark.</summary>
    public static void WriteText(string path, string content) => Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(content)));

    /// <summary>Writes a copy of a file.</summary>
    public static void Copy(string from, string to)
    {
        using var source = new FileStream(from, FileMode.Open, FileAccess.Read, FileShare.Read);
        Write(to, source.CopyTo);
    }

    /// <summary>Writes a file whose name depends on its content.</summary>
    /// <param name="folder">The folder for it; must exist.</param>
    /// <param name="write">Writes the content and returns the path of the file, in the same folder.</param>
    /// <param name="create">Opens the stream for a path; null for a new file.</param>
    /// <param name="told">The path that error messages name; the folder when null.</param>
    /// <returns>The path.</returns>
    /// <inheritdoc cref="Write(string, Action{Stream}, Func{string, Stream})" path="/exception"/>
    public static string Write(string folder, Func<Stream, string> write, Func<string, Stream>? create = null, string? told = null)
    {
        // Of fixed length: the target's name may be as long as names can be.
        var temporary = Path.Combine(folder, $".{Guid.NewGuid():N}{Ending}");
        try
        {
            var target = Fill(temporary, write, create ?? Create);
            File.Move(temporary, target, overwrite: true);
            return target;
        }
        catch (Exception e)
        {
            DeleteQuietly(temporary);
            if (WriteFailure.IsOne(e))
                throw WriteFailure.Explain(e, told ?? folder);
            throw;
        }
    }

    /// <summary>Writes a file directly in its place, flushed: for a folder that is renamed as a whole.</summary>
    public static void WriteInPlace(string path, Action<Stream> write, Func<string, Stream>? create = null) => _ = Fill(
        path,
        stream =>
        {
            write(stream);
            return path;
        },
        create ?? Create);

    /// <summary>Deletes what processes killed while writing left in a folder. Only for a folder that nothing else is writing to at the moment.</summary>
    public static void Sweep(string folder)
    {
        foreach (var path in Directory.EnumerateFiles(folder, $".*{Ending}").Where(IsTemporary).ToList())
            DeleteQuietly(path);
    }

    private static bool IsTemporary(string path) => Guid.TryParseExact(Path.GetFileNameWithoutExtension(path)[1..], "N", out _);

    private static string Fill(string path, Func<Stream, string> write, Func<string, Stream> create)
    {
        using var stream = create(path);
        var result = write(stream);
        if (stream is FileStream file)
            file.Flush(flushToDisk: true);
        else
            stream.Flush();
        return result;
    }

    private static FileStream Create(string path) => new(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);

    // Ignores its own failure: the one that led here is the one to report.
    private static void DeleteQuietly(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }
}
