using System.Security.Cryptography;
using System.Text;

namespace AdaLora.TestSupport;

/// <summary>A hub with one repository, which answers like the real one unless <see cref="Intercept"/> gives a different answer.</summary>
internal sealed class FakeHub : IDisposable
{
    public const string Repository = "someone/small-encoder";
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly LoopbackServer _server;
    private readonly LoopbackServer _storage;

    public FakeHub()
    {
        _server = new LoopbackServer(request => Intercept(request) ?? Answer(request));
        _storage = new LoopbackServer(request => InterceptStorage(request) ?? Content(request, Path.GetFileName(request.Path)));
    }

    /// <summary>The repository's files. Those whose names end with .safetensors are kept on another host, as the hub does with large files.</summary>
    public Dictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal)
    {
        ["README.md"] = Encoding.UTF8.GetBytes("# A model"),
        ["config.json"] = Encoding.UTF8.GetBytes("""{ "model_type": "bert" }"""),
        ["model.safetensors"] = Bytes(300_000),
        ["pytorch_model.bin"] = [0x80, 2],
        ["tokenizer_config.json"] = Encoding.UTF8.GetBytes("{}"),
        ["vocab.txt"] = Encoding.UTF8.GetBytes("[PAD]\n[UNK]\n"),
    };

    public string Revision { get; set; } = "main";

    /// <summary>Answers in place of the hub, or null to let it answer.</summary>
    public Func<LoopbackRequest, LoopbackAnswer?> Intercept { get; set; } = _ => null;

    /// <summary>Answers in place of the storage host, or null to let it answer.</summary>
    public Func<LoopbackRequest, LoopbackAnswer?> InterceptStorage { get; set; } = _ => null;

    public Uri Address => _server.Address;

    public Uri StorageAddress => _storage.Address;

    public IReadOnlyCollection<LoopbackRequest> Requests => _server.Requests;

    public IReadOnlyCollection<LoopbackRequest> StorageRequests => _storage.Requests;

    public static byte[] Bytes(int count, int seed = 1)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>How the hub names a content: the SHA-256 for large files, git's blob id for small ones.</summary>
    public string EtagOf(string file) => Convert.ToHexStringLower(IsLarge(file)
        ? SHA256.HashData(Files[file])
        : SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {Files[file].Length}\0"), .. Files[file]]));

    public void Dispose()
    {
        _server.Dispose();
        _storage.Dispose();
    }

    private static bool IsLarge(string file) => file.EndsWith(".safetensors", StringComparison.Ordinal);

    private LoopbackAnswer Answer(LoopbackRequest request)
    {
        var listing = $"/api/models/{Repository}/revision/{Uri.EscapeDataString(Revision)}";
        var contents = $"/{Repository}/resolve/{Commit}/";
        if (request.Path == listing)
            return LoopbackAnswer.Text(200, "application/json", $$"""{ "sha": "{{Commit}}", "siblings": [{{string.Join(", ", Files.Keys.Select(file => $$"""{ "rfilename": "{{file}}" }"""))}}] }""");
        if (request.Path.StartsWith(contents, StringComparison.Ordinal))
            return File(request, request.Path[contents.Length..]);
        var isRepository = request.Path.Contains($"/{Repository}/", StringComparison.Ordinal);
        return new LoopbackAnswer(404) { Headers = [$"X-Error-Code: {(isRepository ? "RevisionNotFound" : "RepoNotFound")}"] };
    }

    private LoopbackAnswer File(LoopbackRequest request, string file)
    {
        if (!Files.ContainsKey(file))
            return new LoopbackAnswer(404) { Headers = ["X-Error-Code: EntryNotFound"] };
        return IsLarge(file)
            ? LoopbackAnswer.Redirect(302, new Uri(StorageAddress, file).AbsoluteUri, $"X-Repo-Commit: {Commit}", $"X-Linked-Etag: \"{EtagOf(file)}\"", $"X-Linked-Size: {Files[file].Length}")
            : Content(request, file, $"X-Repo-Commit: {Commit}", $"ETag: \"{EtagOf(file)}\"");
    }

    /// <summary>A file, or the rest of it that the request asks for.</summary>
    private LoopbackAnswer Content(LoopbackRequest request, string file, params List<string> headers)
    {
        var all = Files[file];
        return request.Offset == 0
            ? new LoopbackAnswer(200) { Headers = headers, Body = all }
            : new LoopbackAnswer(206) { Headers = [.. headers, $"Content-Range: bytes {request.Offset}-{all.Length - 1}/{all.Length}"], Body = all[(int)request.Offset..] };
    }
}
