using Xunit;

namespace AdaLora.TestSupport;

/// <summary>
/// Finds the material that tests compare with. Reference numbers live in tests/goldens or, when the environment variable ADALORA_GOLDENS is set, in another
/// folder of the same layout. Real models and data live in ../shared beside the repository or where ADALORA_SHARED points; they are optional.
/// </summary>
internal static class TestMaterial
{
    public static string RepositoryRoot => RepositoryFolders.Root;

    public static string GoldensRoot { get; } =
        Environment.GetEnvironmentVariable("ADALORA_GOLDENS") is { Length: > 0 } path ? Path.GetFullPath(path) : Path.Combine(RepositoryRoot, "tests", "goldens");

    public static string SharedRoot => RepositoryFolders.Shared;

    /// <summary>Where reference numbers may lie: in the folder in use, and the larger ones, which are not part of the repository, in goldens beside the real models.</summary>
    public static IReadOnlyList<string> GoldensRoots => [GoldensRoot, Path.Combine(SharedRoot, "goldens")];

    /// <summary>The path of a reference file or folder, in the first root that has it; it may be absent from both.</summary>
    public static string Golden(params string[] parts) =>
        GoldensRoots.Select(root => Path.Combine([root, .. parts])).FirstOrDefault(Path.Exists) ?? Path.Combine([GoldensRoot, .. parts]);

    /// <summary>Reference files below <paramref name="folder"/> that match <paramref name="pattern"/>, ordinally sorted; empty when the folder is absent.</summary>
    public static IReadOnlyList<string> GoldenFiles(string folder, string pattern)
    {
        var path = Golden(folder);
        return Directory.Exists(path) ? [.. Directory.GetFiles(path, pattern).Order(StringComparer.Ordinal)] : [];
    }

    /// <summary>The path of a reference file; skips the test when the folder in use lacks it.</summary>
    public static string RequireGolden(params string[] parts)
    {
        var path = Golden(parts);
        Assert.SkipUnless(Path.Exists(path), $"'{string.Join('/', parts)}' is neither in the goldens folder in use nor in goldens beside the real models (ADALORA_SHARED).");
        return path;
    }

    /// <summary>The path of optional real material such as models/all-MiniLM-L6-v2; skips the test when it is absent.</summary>
    public static string RequireShared(params string[] parts)
    {
        var path = Path.Combine([SharedRoot, .. parts]);
        Assert.SkipUnless(Path.Exists(path), $"'{string.Join('/', parts)}' is not there; set ADALORA_SHARED to the folder that holds it.");
        return path;
    }

    /// <summary>The path of a file that is part of the repository.</summary>
    public static string InRepository(string path) => Path.Combine(RepositoryRoot, path);
}
