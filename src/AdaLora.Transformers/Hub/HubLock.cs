using AdaLora.Internals;

namespace AdaLora.Transformers.Hub;

/// <summary>
/// Keeps other processes, and other tasks of this one, from writing the same blob. A file opened without sharing carries a lock of the operating system (flock on Unix, as the
/// Python tools take it), which ends with the process however it ends.
/// </summary>
internal static class HubLock
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    // EWOULDBLOCK on Linux and on macOS; sharing and lock violation on Windows.
    private static readonly int[] HeldElsewhere = OperatingSystem.IsWindows() ? [32, 33] : [11, 35];

    /// <summary>Waits for the lock; dispose the result to release it. The file stays: removing it would let two others hold "the" lock.</summary>
    public static async Task<FileStream> AcquireAsync(string path, TimeProvider time, CancellationToken cancellationToken)
    {
        _ = Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        RegularFile.RequireNoLink(path);
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException exception) when (HeldElsewhere.Contains(exception.HResult & 0xffff))
            {
                await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
