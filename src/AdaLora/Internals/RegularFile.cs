using System.Runtime.InteropServices;

namespace AdaLora.Internals;

/// <summary>Refuses what only looks like a file: opening a named pipe waits for a writer that may never come, and a device may never end.</summary>
internal static class RegularFile
{
    private const int Current = 1;

    // O_RDONLY | O_NONBLOCK | O_CLOEXEC, whose values differ between systems.
    private static readonly int OpenWithoutWaiting = OperatingSystem.IsMacOS() ? 0x1000004 : 0x80800;

    /// <summary>Does nothing for a file, or for a path that does not exist or may not be opened: the code that opens it next finds that out.</summary>
    /// <exception cref="IOException">The path leads to a pipe, a socket or a terminal.</exception>
    public static void Require(string path)
    {
        if (OperatingSystem.IsWindows() || Open(path, OpenWithoutWaiting) is not (>= 0 and var descriptor))
            return;
        var isSeekable = Seek(descriptor, 0, Current) >= 0;
        _ = Close(descriptor);
        if (!isSeekable)
            throw new IOException($"'{path}' is a pipe, a socket or a device; a regular file is needed.");
    }

    /// <summary>All bytes of a file.</summary>
    /// <exception cref="IOException">It is not a file, or cannot be read.</exception>
    public static byte[] ReadAllBytes(string path)
    {
        Require(path);
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        // A device has no length, but endless bytes.
        return stream.ReadByte() < 0 ? content : throw new IOException($"'{path}' is a device, or grew while it was read.");
    }

    /// <summary>For a path that is written to repeatedly under a name others can predict.</summary>
    /// <exception cref="IOException">The path is a link: writing would go wherever it leads.</exception>
    public static void RequireNoLink(string path)
    {
        if (new FileInfo(path).LinkTarget is { } target)
            throw new IOException($"'{path}' is a link to '{target}'; files are not written through links. Remove it.");
    }

    [DllImport("libc", EntryPoint = "open")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "lseek")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern long Seek(int descriptor, long offset, int origin);

    [DllImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int descriptor);
}
