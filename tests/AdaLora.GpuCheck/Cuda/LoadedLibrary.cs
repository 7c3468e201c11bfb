using System.Runtime.InteropServices;

namespace AdaLora.GpuCheck;

/// <summary>Libraries that libtorch has loaded into this process, found among the files that the process has mapped, so that their versions need no name here.</summary>
internal static class LoadedLibrary
{
    /// <summary>The library whose file name starts with <paramref name="name"/>, or null if there is none.</summary>
    public static nint? Find(string name)
    {
        var path = File.Exists("/proc/self/maps")
            ? File.ReadLines("/proc/self/maps").Select(line => line[(line.LastIndexOf(' ') + 1)..]).FirstOrDefault(path => Path.GetFileName(path).StartsWith(name, StringComparison.Ordinal))
            : null;
        return path is null ? null : NativeLibrary.Load(path);
    }
}
