using System.Collections.Concurrent;
using AdaLora.TestSupport;
using AdaLora.Transformers.Hub;

namespace AdaLora.Transformers.Tests.Hub;

/// <summary>A hub on the loopback address, an empty cache, and an environment in which nothing is set but what a test sets.</summary>
internal sealed class HubFixture : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public FakeHub Hub { get; } = new();

    public InstantTime Time { get; } = new();

    public RecordingLogger Logger { get; } = new();

    /// <summary>Environment variables.</summary>
    public Dictionary<string, string> Variables { get; } = [];

    public ConcurrentQueue<DownloadProgress> Progress { get; } = new();

    /// <summary>Opens the part of a download, if it is not to be a file.</summary>
    public Func<string, FileStream>? OpenPart { get; set; }

    public string Cache => _folder.File("cache");

    public string RepositoryFolder => Path.Combine(Cache, "models--someone--small-encoder");

    public string Snapshot => Path.Combine(RepositoryFolder, "snapshots", FakeHub.Commit);

    public string Home => _folder.File("home");

    public string BlobOf(string file) => Path.Combine(RepositoryFolder, "blobs", Hub.EtagOf(file));

    public string PartOf(string file) => BlobOf(file) + ".incomplete";

    public HubOptions Options(string? token = null, bool? offline = null, int retries = 2, bool update = false, double timeout = 20, Uri? address = null) => new()
    {
        CacheFolder = Cache,
        Endpoint = address ?? Hub.Address,
        Token = token,
        Offline = offline,
        MaxRetries = retries,
        CheckForUpdates = update,
        Timeout = TimeSpan.FromSeconds(timeout),
        Logger = Logger,
        Time = Time,
        OpenPart = OpenPart,
        Environment = new HubEnvironment(Variables.GetValueOrDefault, Home),
    };

    public Task<string> ResolveAsync(HubOptions? options = null, string name = FakeHub.Repository, CancellationToken cancellationToken = default) =>
        HubCheckpoint.ResolveAsync(name, options ?? Options(), new Listener(Progress), cancellationToken);

    /// <summary>Puts the beginning of a file where an interrupted download leaves it.</summary>
    public void LeavePart(string file, int bytes)
    {
        _ = Directory.CreateDirectory(Path.GetDirectoryName(PartOf(file))!);
        File.WriteAllBytes(PartOf(file), Hub.Files[file][..bytes]);
    }

    /// <summary>Writes a snapshot as the Python tools do.</summary>
    public void WriteSnapshot(params IEnumerable<string> files)
    {
        _ = Directory.CreateDirectory(Path.Combine(RepositoryFolder, "blobs"));
        _ = Directory.CreateDirectory(Path.Combine(RepositoryFolder, "refs"));
        _ = Directory.CreateDirectory(Snapshot);
        File.WriteAllText(Path.Combine(RepositoryFolder, "refs", "main"), FakeHub.Commit);
        foreach (var file in files)
            WriteSnapshotFile(file);
    }

    public void WriteSnapshotFile(string file)
    {
        File.WriteAllBytes(BlobOf(file), Hub.Files[file]);
        _ = File.CreateSymbolicLink(Path.Combine(Snapshot, file), Path.Combine("..", "..", "blobs", Hub.EtagOf(file)));
    }

    public void Dispose()
    {
        Hub.Dispose();
        _folder.Dispose();
    }

    private sealed class Listener(ConcurrentQueue<DownloadProgress> progress) : IProgress<DownloadProgress>
    {
        public void Report(DownloadProgress value) => progress.Enqueue(value);
    }
}
