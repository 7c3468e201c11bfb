using System.Runtime.InteropServices;

namespace AdaLora.GpuCheck;

/// <summary>
/// Loads the libraries of a libtorch that lies in a folder of its own, that of a PyTorch installation, before TorchSharp asks for any: libtorch's part for cards announces itself when it is loaded,
/// and nothing that TorchSharp links to would load it.
/// </summary>
internal static class CudaLibraries
{
    /// <summary>The folder, as the script that starts this program has found it.</summary>
    public const string FolderVariable = "ADALORA_LIBTORCH";

    // Each needs those before it.
    private static readonly string[] InOrder = ["libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so", "libtorch.so"];

    public static string? Folder => Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } folder ? folder : null;

    /// <exception cref="DllNotFoundException">One of them cannot be loaded; the message says what it lacks.</exception>
    public static void Load()
    {
        foreach (var path in Folder is { } folder ? InOrder.Select(name => Path.Combine(folder, name)).Where(File.Exists) : [])
            _ = NativeLibrary.Load(path);
    }
}
