namespace AdaLora.Transformers.Hub;

/// <summary>How far the download of one file is. Files that are in the cache already are not reported.</summary>
/// <param name="File">The file's name in the repository.</param>
/// <param name="ReceivedBytes">The bytes received so far, including those of an earlier, unfinished download.</param>
/// <param name="TotalBytes">The file's size in bytes, or null if the hub does not report it.</param>
public readonly record struct DownloadProgress(string File, long ReceivedBytes, long? TotalBytes);
