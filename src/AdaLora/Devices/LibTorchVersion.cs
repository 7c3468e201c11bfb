using System.Text.RegularExpressions;

namespace AdaLora.Devices;

/// <summary>The version of a libtorch on disk, by what lies beside its libraries: version.py in an installation of PyTorch, build-version in a download of libtorch.</summary>
internal static partial class LibTorchVersion
{
    /// <summary>The version that TorchSharp's native library was built for.</summary>
    public const string Expected = "2.10";

    /// <summary>Versions that were seen to work, on a CPU and on a card.</summary>
    public const string Working = "2.10 and 2.11";

    /// <param name="folder">The folder of the libraries.</param>
    /// <returns>Such as 2.11.0+cu130; null if nothing says.</returns>
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
