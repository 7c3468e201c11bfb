using System.Runtime.InteropServices;

namespace AdaLora.Devices;

/// <summary>
/// Loads libtorch from a folder instead of a NuGet package: from a PyTorch installation or a libtorch download. For machines that already have one, and for GPUs whose package a feed lacks.
/// It must be done before anything in TorchSharp is used. Loading from several threads is safe; the first one wins.
/// </summary>
public static class ExternalLibTorch
{
    /// <summary>The environment variable that names the folder.</summary>
    public const string FolderVariable = "ADALORA_LIBTORCH";

    private static readonly object Gate = new();

    /// <summary>Where libtorch was loaded from; null if it was not loaded from a folder.</summary>
    public static string? Folder { get; private set; }

    /// <summary>
    /// Loads libtorch from the folder in <see cref="FolderVariable"/> or, if that is not set, from the first folder on the system's library search path (LD_LIBRARY_PATH on Linux) that
    /// contains one.
    /// </summary>
    /// <returns>Whether such a folder exists.</returns>
    /// <exception cref="LibTorchException">The variable's folder contains no libtorch, libtorch does not load, or it is not compatible with TorchSharp.</exception>
    public static bool LoadFromEnvironment()
    {
        if ((Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } given ? given : OnSearchPath()) is not { } folder)
            return false;
        Load(folder);
        return true;
    }

    /// <summary>
    /// Loads libtorch from a folder and checks its compatibility with TorchSharp: dtypes, shapes, strides and values of a few tensors, and a backward pass through a C# function. A second
    /// call with the same folder does nothing.
    /// </summary>
    /// <param name="folder">The folder containing libtorch_cpu.so (torch_cpu.dll, libtorch_cpu.dylib), or PyTorch's folder above it (site-packages/torch).</param>
    /// <exception cref="ArgumentException"><paramref name="folder"/> is null or empty.</exception>
    /// <exception cref="LibTorchException">There is no libtorch in that folder, it does not load, it is not compatible with TorchSharp, or another one is already loaded.</exception>
    public static void Load(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        lock (Gate)
        {
            var place = PlaceOf(folder);
            if (Folder == place)
                return;
            if (Folder is not null)
                throw new LibTorchException($"libtorch is already loaded from '{Folder}'; a process can have only one, so '{place}' cannot be loaded.");
            var described = $"libtorch in '{place}' (version {LibTorchVersion.Of(place) ?? "unknown"})";
            if (LibTorchSymbols.MissingIn(LoadAll(place, described)) is { Count: > 0 } missing)
                throw Unfit(described, $"it lacks {missing.Count} of the symbols that TorchSharp's native library needs, such as {missing[0]}");
            Check(described);
            Folder = place;
        }
    }

    private static string? OnSearchPath()
    {
        var variable = OperatingSystem.IsWindows() ? "PATH" : OperatingSystem.IsMacOS() ? "DYLD_LIBRARY_PATH" : "LD_LIBRARY_PATH";
        return (Environment.GetEnvironmentVariable(variable) ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .FirstOrDefault(folder => File.Exists(Path.Combine(folder, FileOf("torch_cpu"))));
    }

    private static string PlaceOf(string folder)
    {
        if (!Directory.Exists(folder))
            throw new LibTorchException($"'{folder}' is not a directory. {FolderVariable} must name the folder that holds {FileOf("torch_cpu")}, such as site-packages/torch/lib.");
        return new[] { folder, Path.Combine(folder, "lib") }.FirstOrDefault(place => File.Exists(Path.Combine(place, FileOf("torch_cpu")))) is { } found
            ? Path.GetFullPath(found)
            : throw new LibTorchException($"'{folder}' does not contain {FileOf("torch_cpu")}. {FolderVariable} must name the folder that holds libtorch's libraries, such as site-packages/torch/lib.");
    }

    private static List<nint> LoadAll(string place, string described)
    {
        // In dependency order. CUDA's libraries register themselves when they are loaded, so they must come before the first tensor.
        string[] names = ["c10", "torch_cpu", "c10_cuda", "torch_cuda", "torch"];
        var libraries = new List<nint>();
        foreach (var file in names.Select(name => Path.Combine(place, FileOf(name))).Where(File.Exists))
        {
            try
            {
                libraries.Add(NativeLibrary.Load(file));
            }
            catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
            {
                throw new LibTorchException($"{described} cannot be loaded: {e.Message}", e);
            }
        }

        return libraries;
    }

    private static void Check(string described)
    {
        IReadOnlyList<string> problems;
        try
        {
            problems = LibTorchSelfCheck.Problems();
        }
        catch (Exception e)
        {
            throw Unfit(described, FirstLine((e is TypeInitializationException { InnerException: { } inner } ? inner : e).Message), e);
        }

        if (problems.Count > 0)
            throw Unfit(described, string.Join("; ", problems));
    }

    // A list of stack addresses follows in libtorch's messages.
    private static string FirstLine(string message) => message.Split('\n')[0].TrimEnd('.', '\r');

    private static LibTorchException Unfit(string described, string reason, Exception? cause = null)
    {
        var message = $"{described} is not compatible with TorchSharp, whose native library was built for libtorch {LibTorchVersion.Expected}: {reason}. Versions {LibTorchVersion.Working} work.";
        return cause is null ? new LibTorchException(message) : new LibTorchException(message, cause);
    }

    private static string FileOf(string name) => OperatingSystem.IsWindows() ? $"{name}.dll" : OperatingSystem.IsMacOS() ? $"lib{name}.dylib" : $"lib{name}.so";
}
