using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace AdaLora.Benchmarks;

/// <summary>Takes files out of the system's file cache, so that the next read comes from the disk.</summary>
internal static class PageCache
{
    private const int DontNeed = 4;

    public static bool CanDrop => OperatingSystem.IsLinux();

    public static void Drop(IEnumerable<string> files)
    {
        foreach (var file in files)
        {
            // A link's own pages are not those of the file.
            using var handle = File.OpenHandle(File.ResolveLinkTarget(file, returnFinalTarget: true)?.FullName ?? file);
            if (Advise(handle, 0, 0, DontNeed) is var error and not 0)
                throw new IOException($"The system does not drop {file} from its cache (error {error}).");
        }
    }

    [DllImport("libc", EntryPoint = "posix_fadvise")]
    private static extern int Advise(SafeFileHandle file, long offset, long length, int advice);
}
