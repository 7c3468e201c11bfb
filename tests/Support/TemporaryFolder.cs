namespace AdaLora.TestSupport;

/// <summary>A folder for one test, removed with everything in it on disposal.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder() => Path = Directory.CreateTempSubdirectory("adalora-").FullName;

    public string Path { get; }

    public string File(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    /// <summary>Writes bytes unchanged: no encoding, no line ends of the platform.</summary>
    /// <returns>The path.</returns>
    public string Write(string name, string content)
    {
        var path = File(name);
        _ = Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllBytes(path, System.Text.Encoding.UTF8.GetBytes(content));
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
