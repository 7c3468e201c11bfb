using AdaLora.Internals;

namespace AdaLora.Transformers.Hub;

/// <summary>Files of the cache that may be links.</summary>
internal static class Blob
{
    /// <summary>Whether there is a file to read; File.Exists also returns true for a link that leads nowhere.</summary>
    public static bool IsThere(string path) => LengthOf(path) is not null;

    /// <summary>The length in bytes, of the target for a link; null if there is no file to read.</summary>
    /// <exception cref="IOException">There is a pipe, a socket or a device.</exception>
    public static long? LengthOf(string path)
    {
        var file = new FileInfo(path);
        var target = file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo;
        if (target is not { Exists: true })
            return null;
        RegularFile.Require(target.FullName);
        return target.Length;
    }
}
