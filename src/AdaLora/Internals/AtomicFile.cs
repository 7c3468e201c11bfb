using System.Text;

namespace AdaLora.Internals;

/// <summary>
/// Writes files that are either as they were or complete: beside the target first, flushed to the disk, then renamed over it. Nothing is left behind when writing fails.
/// The one place where files come into being.
/// </summary>
internal static class AtomicFile
{
    private const string Ending = ".tmp";

    /// <summary>Writes a file whose name is known before.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="write">Writes the content.</param>
    /// <param name="create">Makes the stream of a path; a new file when null.</param>
    /// <exception cref="IOException">The file cannot be written. The one that was there stays.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to, or the file not be replaced.</exception>
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

    /// <summary>Makes a folder if it isn't there.</summary>
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
    /// <param name="folder">Where it is to be; must exist.</param>
    /// <param name="write">Writes the content and says the path of the file, in the same folder.</param>
    /// <param name="create">Makes the stream of a path; a new file when null.</param>
    /// <param name="told">What a failure says can't be written; the folder when null.</param>
    /// <returns>The path.</returns>
    /// <inheritdoc cref="Write(string, Action{Stream}, Func{string, Stream})" path="/exception"/>
    public static string Write(string folder, Func<Stream, string> write, Func<string, Stream>? create = null, string? told = null)
    {
        // Of a length of its own: the target's name may be as long as names can be.
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

    /// <summary>Writes a file that is in its place at once, flushed: for a folder that is renamed as a whole.</summary>
    public static void WriteInPlace(string path, Action<Stream> write, Func<string, Stream>? create = null) => _ = Fill(
        path,
        stream =>
        {
            write(stream);
            return path;
        },
        create ?? Create);

    /// <summary>Deletes what processes that were killed while they wrote have left in a folder. Only for a folder that nobody else writes to at the moment.</summary>
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

    // The failure that led here is the one to tell.
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
