namespace AdaLora.Transformers.Hub;

/// <summary>What the environment says about the hub, read as the Python tools read it, so that all share one cache and one login.</summary>
/// <param name="read">Returns the value of an environment variable, or null.</param>
/// <param name="home">The user's home folder.</param>
internal sealed class HubEnvironment(Func<string, string?> read, string home)
{
    public static HubEnvironment OfProcess { get; } =
        new(System.Environment.GetEnvironmentVariable, System.Environment.GetFolderPath(System.Environment.SpecialFolder.UserProfile));

    public string CacheFolder => Folder("HF_HUB_CACHE") ?? Folder("HUGGINGFACE_HUB_CACHE") ?? Path.Combine(Home, "hub");

    public string Endpoint => Text("HF_ENDPOINT") ?? "https://huggingface.co";

    public bool Offline => Flag("HF_HUB_OFFLINE") || Flag("TRANSFORMERS_OFFLINE");

    public bool NoLinks => Flag("HF_HUB_DISABLE_SYMLINKS");

    private string Home => Folder("HF_HOME") ?? Path.Combine(Folder("XDG_CACHE_HOME") ?? Path.Combine(home, ".cache"), "huggingface");

    /// <summary>The token of the environment, or else that of the login file; null if there is none, or if it must not be used implicitly.</summary>
    public string? ReadToken()
    {
        if (Flag("HF_HUB_DISABLE_IMPLICIT_TOKEN"))
            return null;
        var path = Folder("HF_TOKEN_PATH") ?? Path.Combine(Home, "token");
        return Text("HF_TOKEN") ?? Text("HUGGING_FACE_HUB_TOKEN") ?? (File.Exists(path) ? Trimmed(File.ReadAllText(path)) : null);
    }

    private string? Text(string name) => Trimmed(read(name));

    private bool Flag(string name) => Text(name)?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";

    private string? Folder(string name) =>
        Text(name) is not { } path ? null : path == "~" ? home : path.StartsWith("~/", StringComparison.Ordinal) ? Path.Combine(home, path[2..]) : path;

    private static string? Trimmed(string? text) => text?.Trim() is { Length: > 0 } trimmed ? trimmed : null;
}
