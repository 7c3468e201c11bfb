using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace AdaLora.Benchmarks;

/// <summary>What must be known about a machine to interpret its figures.</summary>
internal static class MachineDescription
{
    private const double Gigabyte = 1L << 30;

    private static readonly (string Flag, string Name)[] Extensions =
        [("avx2", "AVX2"), ("fma", "FMA"), ("avx512f", "AVX-512"), ("avx512_vnni", "AVX-512 VNNI"), ("avx512_bf16", "AVX-512 BF16"), ("amx_bf16", "AMX BF16"), ("asimd", "NEON"),
            ("sve", "SVE"), ("bf16", "BF16")];

    /// <summary>Whether the processor has instructions for products in bfloat16.</summary>
    public static bool ComputesBrain => ReadProcessor().Flags.Overlaps(["avx512_bf16", "amx_bf16", "bf16"]);

    public static string Create()
    {
        var (model, flags) = ReadProcessor();
        var extensions = Extensions.Where(extension => flags.Contains(extension.Flag)).Select(extension => extension.Name).ToList();
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / Gigabyte;
        string[] parts =
        [
            $"{model}, {Environment.ProcessorCount} cores{(extensions.Count > 0 ? $" ({string.Join(", ", extensions)})" : "")}",
            string.Create(CultureInfo.InvariantCulture, $"{memory:F0} GiB"),
            $"{RuntimeInformation.OSDescription} {RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}",
            RuntimeInformation.FrameworkDescription,
            .. ReadPackages(),
        ];
        return string.Join("; ", parts);
    }

    // x86 says "model name" and "flags", Arm "Features" and no name.
    private static (string Model, HashSet<string> Flags) ReadProcessor()
    {
        const string Source = "/proc/cpuinfo";
        var lines = File.Exists(Source) ? File.ReadAllLines(Source) : [];
        return (Field("model name") ?? $"{RuntimeInformation.ProcessArchitecture} processor", [.. (Field("flags") ?? Field("Features") ?? "").Split(' ')]);

        string? Field(string name) => lines.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[^1].Trim();
    }

    // What the build resolved is in the file that the runtime loads libraries by.
    private static IEnumerable<string> ReadPackages()
    {
        var file = Path.ChangeExtension(typeof(MachineDescription).Assembly.Location, ".deps.json");
        if (!File.Exists(file))
            return [];
        using var dependencies = JsonDocument.Parse(File.ReadAllText(file));
        string[] packages = [.. dependencies.RootElement.GetProperty("libraries").EnumerateObject().Select(library => library.Name)];
        return packages.Where(name => name.StartsWith("TorchSharp", StringComparison.Ordinal) || name.StartsWith("libtorch", StringComparison.Ordinal)).Select(name => name.Replace('/', ' '));
    }
}
