using AdaLora.TestSupport;

namespace AdaLora.Benchmarks;

/// <summary>Real models and data, where the tests look for them too.</summary>
internal static class SharedMaterial
{
    public static string Model => Require("models", "all-MiniLM-L6-v2");

    public static string Glue => Require("glue");

    private static string Require(params string[] parts)
    {
        var path = Path.Combine([RepositoryFolders.Shared, .. parts]);
        return Directory.Exists(path) ? path : throw new SkippedException($"'{string.Join('/', parts)}' is not there; set ADALORA_SHARED to the folder that holds it.");
    }
}
