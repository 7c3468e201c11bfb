namespace AdaLora.Transformers.Checkpoints.Hub;

/// <summary>Files of the cache that may be links.</summary>
internal static class Blob
{
    /// <summary>Whether there is a file to read; File.Exists also says so of a link that leads nowhere.</summary>
    public static bool IsThere(string path) => LengthOf(path) is not null;

    /// <summary>The length in bytes, of the target for a link; null if there is no file to read.</summary>
    public static long? LengthOf(string path)
    {
        var file = new FileInfo(path);
        var target = file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo;
        return target is { Exists: true } ? target.Length : null;
    }
}
