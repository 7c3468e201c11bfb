using System.Text.Json.Nodes;
using AdaLora.TestSupport;

namespace AdaLora.Benchmarks;

/// <summary>
/// A checkpoint folder whose encoder has the requested dropout. Without dropout means without any, in the encoder too, and where that is depends on config.json alone; so the folder is
/// a temporary one with another config.json and links to the other files, which serves every program that reads checkpoints.
/// </summary>
internal sealed class DropoutFolder : IDisposable
{
    private const string ConfigName = "config.json";

    private readonly TemporaryFolder? _copy;

    /// <param name="folder">The checkpoint.</param>
    /// <param name="dropout">The dropout of adapters; 0 switches the encoder's off too, anything else leaves the encoder's as it is.</param>
    public DropoutFolder(string folder, double dropout)
    {
        Path = folder;
        if (dropout > 0)
            return;
        _copy = new TemporaryFolder();
        // The name of the folder is what tables call the model.
        Path = Directory.CreateDirectory(_copy.File(System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(folder)))).FullName;
        foreach (var file in new DirectoryInfo(folder).GetFiles().Where(file => file.Name != ConfigName))
            _ = File.CreateSymbolicLink(System.IO.Path.Combine(Path, file.Name), file.FullName);
        var config = JsonNode.Parse(File.ReadAllText(System.IO.Path.Combine(folder, ConfigName)))!.AsObject();
        File.WriteAllText(System.IO.Path.Combine(Path, ConfigName), WithoutDropout(config).ToJsonString());
    }

    /// <summary>The checkpoint to use.</summary>
    public string Path { get; }

    public void Dispose() => _copy?.Dispose();

    private static JsonObject WithoutDropout(JsonObject config)
    {
        // Families use different names for it, and a missing entry has a default above 0.
        string[] usual = ["hidden_dropout_prob", "attention_probs_dropout_prob"];
        foreach (var name in config.Select(entry => entry.Key).Where(key => key.Contains("dropout", StringComparison.Ordinal)).Concat(usual).Distinct().ToList())
            config[name] = 0.0;
        return config;
    }
}
