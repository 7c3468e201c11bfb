using System.Text.RegularExpressions;

namespace AdaLora.Devices;

/// <summary>The version of a libtorch on disk, read from a file next to its libraries: version.py in a PyTorch installation, build-version in a libtorch download.</summary>
internal static partial class LibTorchVersion
{
    /// <summary>The version that TorchSharp's native library was built for.</summary>
    public const string Expected = "2.10";

    /// <summary>Versions known to work, on a CPU and on a GPU.</summary>
    public const string Working = "2.10 and 2.11";

    /// <param name="folder">The folder of the libraries.</param>
    /// <returns>For example 2.11.0+cu130; null if no file states it.</returns>
    public static string? Of(string folder)
    {
        var parent = Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        if (parent is null)
            return null;
        try
        {
            var build = Path.Combine(parent, "build-version");
            if (File.Exists(build))
                return File.ReadLines(build).FirstOrDefault()?.Trim();
            var python = Path.Combine(parent, "version.py");
            return File.Exists(python) && Assignment().Match(File.ReadAllText(python)) is { Success: true } match ? match.Groups[1].Value : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"^__version__\s*=\s*['""]([^'""]+)['""]", RegexOptions.Multiline)]
    private static partial Regex Assignment();
}
