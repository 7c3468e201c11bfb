using System.Text;
using AdaLora.TestSupport;
using AdaLora.Transformers.Configuration;
using Xunit;

namespace AdaLora.Transformers.Tests.Hub;

/// <summary>What is read from and written into the cache.</summary>
public sealed class HubCacheTests : IDisposable
{
    private static readonly string[] Needed = ["config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"];

    private readonly HubFixture _hub = new();

    public void Dispose() => _hub.Dispose();

    [Fact]
    public async Task Download_has_the_layout_of_the_Python_tools()
    {
        var folder = await _hub.ResolveAsync();

        Assert.Equal(_hub.Snapshot, folder);
        Assert.Equal(FakeHub.Commit, await File.ReadAllTextAsync(Path.Combine(_hub.RepositoryFolder, "refs", "main")));
        Assert.Equal(Needed, Directory.EnumerateFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.All(Needed, file =>
        {
            Assert.Equal($"../../blobs/{_hub.Hub.EtagOf(file)}", new FileInfo(Path.Combine(folder, file)).LinkTarget?.Replace('\\', '/'));
            Assert.Equal(_hub.Hub.Files[file], File.ReadAllBytes(_hub.BlobOf(file)));
        });
        Assert.Equal(Needed.Length, Directory.GetFiles(Path.Combine(_hub.RepositoryFolder, "blobs")).Length);
        Assert.True(File.Exists(Path.Combine(_hub.RepositoryFolder, ".no_exist", FakeHub.Commit, "tokenizer.json")));
    }

    [Fact]
    public async Task Only_what_is_needed_is_asked_for()
    {
        _ = await _hub.ResolveAsync();

        Assert.DoesNotContain(_hub.Hub.Requests, request => request.Path.EndsWith("pytorch_model.bin", StringComparison.Ordinal) || request.Path.EndsWith("README.md", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Second_time_needs_no_request()
    {
        var first = await _hub.ResolveAsync();
        var requests = _hub.Hub.Requests.Count;

        Assert.Equal(first, await _hub.ResolveAsync());
        Assert.Equal(first, await _hub.ResolveAsync(name: $"{FakeHub.Repository}@{FakeHub.Commit}"));
        Assert.Equal(requests, _hub.Hub.Requests.Count);
    }

    [Fact]
    public async Task Snapshot_of_the_Python_tools_is_used_without_a_request()
    {
        _hub.WriteSnapshot(Needed);

        Assert.Equal(_hub.Snapshot, await _hub.ResolveAsync());
        Assert.Empty(_hub.Hub.Requests);
    }

    [Theory]
    [InlineData("tokenizer_config.json")]
    [InlineData("vocab.txt")]
    [InlineData("config.json")]
    [InlineData("model.safetensors")]
    public async Task What_another_tool_left_out_is_fetched(string missing)
    {
        _hub.WriteSnapshot(Needed.Except([missing]));

        var folder = await _hub.ResolveAsync();

        Assert.Equal(_hub.Hub.Files[missing], await File.ReadAllBytesAsync(Path.Combine(folder, missing)));
        _ = Assert.Single(_hub.Hub.Requests, request => request.Method == "GET" && request.Path.Contains("/resolve/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Link_to_a_blob_that_was_removed_counts_as_missing()
    {
        var folder = await _hub.ResolveAsync();
        File.Delete(_hub.BlobOf("model.safetensors"));

        _ = await _hub.ResolveAsync();

        Assert.Equal(_hub.Hub.Files["model.safetensors"], await File.ReadAllBytesAsync(Path.Combine(folder, "model.safetensors")));
    }

    [Fact]
    public async Task Content_of_another_commit_is_linked_and_not_fetched_again()
    {
        _ = await _hub.ResolveAsync();
        Directory.Delete(_hub.Snapshot, recursive: true);
        File.Delete(Path.Combine(_hub.RepositoryFolder, "refs", "main"));

        _ = await _hub.ResolveAsync();

        Assert.All(Needed, file => Assert.True(File.Exists(Path.Combine(_hub.Snapshot, file))));
        _ = Assert.Single(_hub.Hub.StorageRequests, request => request.Method == "GET");
    }

    [Fact]
    public async Task Without_links_the_files_themselves_are_in_the_snapshot()
    {
        _hub.Variables["HF_HUB_DISABLE_SYMLINKS"] = "1";

        var folder = await _hub.ResolveAsync();

        Assert.All(Needed, file =>
        {
            Assert.Null(new FileInfo(Path.Combine(folder, file)).LinkTarget);
            Assert.Equal(_hub.Hub.Files[file], File.ReadAllBytes(Path.Combine(folder, file)));
        });
        Assert.Empty(Directory.GetFiles(Path.Combine(_hub.RepositoryFolder, "blobs")));
    }

    [Fact]
    public async Task Updates_are_looked_for_only_when_asked_to_and_replace_the_ref_at_the_end()
    {
        const string Old = "ffffffffffffffffffffffffffffffffffffffff";
        _hub.WriteSnapshot(Needed);
        Directory.Move(_hub.Snapshot, Path.Combine(_hub.RepositoryFolder, "snapshots", Old));
        var main = Path.Combine(_hub.RepositoryFolder, "refs", "main");
        await File.WriteAllTextAsync(main, Old);

        Assert.EndsWith(Old, await _hub.ResolveAsync());
        _hub.Hub.Files["model.safetensors"] = FakeHub.Bytes(1000, seed: 2);
        _hub.Hub.InterceptStorage = _ => new LoopbackAnswer(503);
        Assert.EndsWith(Old, await _hub.ResolveAsync(_hub.Options(update: true)));
        Assert.Equal(Old, await File.ReadAllTextAsync(main));

        _hub.Hub.InterceptStorage = _ => null;
        Assert.Equal(_hub.Snapshot, await _hub.ResolveAsync(_hub.Options(update: true)));
        Assert.Equal(FakeHub.Commit, await File.ReadAllTextAsync(main));
    }

    [Fact]
    public async Task Revision_with_slashes_has_its_own_ref()
    {
        _hub.Hub.Revision = "refs/pr/3";

        var folder = await _hub.ResolveAsync(name: $"{FakeHub.Repository}@refs/pr/3");

        Assert.Equal(_hub.Snapshot, folder);
        Assert.Equal(FakeHub.Commit, await File.ReadAllTextAsync(Path.Combine(_hub.RepositoryFolder, "refs", "refs", "pr", "3")));
        Assert.Contains(_hub.Hub.Requests, request => request.Path.EndsWith("/revision/refs%2Fpr%2F3", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Two_at_once_download_once(bool links)
    {
        if (!links)
            _hub.Variables["HF_HUB_DISABLE_SYMLINKS"] = "1";
        var gate = new TaskCompletionSource();
        _hub.Hub.InterceptStorage = request => new LoopbackAnswer(200) { Body = _hub.Hub.Files["model.safetensors"], Before = gate.Task };
        Task<string>[] both = [_hub.ResolveAsync(), _hub.ResolveAsync()];
        while (!_hub.Time.Waits.Any() || _hub.Hub.StorageRequests.Count == 0)
            await Task.Delay(5, TestContext.Current.CancellationToken);
        gate.SetResult();

        Assert.All(await Task.WhenAll(both), folder => Assert.Equal(_hub.Snapshot, folder));
        _ = Assert.Single(_hub.Hub.StorageRequests);
    }

    [Fact]
    public async Task Folder_comes_before_a_name()
    {
        using var folder = new TemporaryFolder();

        Assert.Equal(folder.Path, await _hub.ResolveAsync(name: folder.Path));
        var refused = await Assert.ThrowsAsync<CheckpointException>(() => _hub.ResolveAsync(name: folder.File("absent")));
        Assert.Contains("no folder and no name of the hub", refused.Message);
        Assert.Empty(_hub.Hub.Requests);
    }

    [Fact]
    public async Task Shards_are_fetched_as_the_index_names_them()
    {
        _ = _hub.Hub.Files.Remove("model.safetensors");
        _hub.Hub.Files["model-1.safetensors"] = FakeHub.Bytes(5000, seed: 3);
        _hub.Hub.Files["model-2.safetensors"] = FakeHub.Bytes(6000, seed: 4);
        _hub.Hub.Files["model-3.safetensors"] = FakeHub.Bytes(7000, seed: 5);
        Index("model-1.safetensors", "model-2.safetensors", "model-1.safetensors");

        var folder = await _hub.ResolveAsync();

        Assert.Equal(_hub.Hub.Files["model-2.safetensors"], await File.ReadAllBytesAsync(Path.Combine(folder, "model-2.safetensors")));
        Assert.Equal(["model-1.safetensors", "model-2.safetensors"], _hub.Hub.StorageRequests.Select(request => request.Path[1..]).Order(StringComparer.Ordinal));
        var requests = _hub.Hub.Requests.Count;
        _ = await _hub.ResolveAsync();
        Assert.Equal(requests, _hub.Hub.Requests.Count);
    }

    [Theory]
    [InlineData("../../escaped.safetensors", "not followed")]
    [InlineData("/tmp/escaped.safetensors", "not followed")]
    [InlineData("..\\\\escaped.safetensors", "not followed")]
    [InlineData("pytorch_model.bin", "not followed")]
    [InlineData("absent.safetensors", "lacks the shard")]
    public async Task Index_that_leads_elsewhere_is_not_followed(string shard, string said)
    {
        _ = _hub.Hub.Files.Remove("model.safetensors");
        Index(shard);
        _hub.Hub.Files[shard.Replace("\\\\", "\\\\\\\\")] = FakeHub.Bytes(10);
        _ = _hub.Hub.Files.Remove("absent.safetensors");

        var refused = await Assert.ThrowsAsync<CheckpointException>(() => _hub.ResolveAsync());

        Assert.Contains(said, refused.Message);
        Assert.Empty(_hub.Hub.StorageRequests);
        Assert.Empty(Directory.EnumerateFiles(_hub.Cache, "*escaped*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Pickled_weights_alone_are_refused_with_a_way_out()
    {
        _ = _hub.Hub.Files.Remove("model.safetensors");

        var refused = await Assert.ThrowsAsync<CheckpointException>(() => _hub.ResolveAsync());

        Assert.Contains(FakeHub.Repository, refused.Message);
        Assert.Contains("save_pretrained", refused.Message);
        _ = Assert.Single(_hub.Hub.Requests);
    }

    private void Index(params string[] shards) => _hub.Hub.Files["model.safetensors.index.json"] =
        Encoding.UTF8.GetBytes($$"""{ "weight_map": { {{string.Join(", ", shards.Select((shard, number) => $"\"t{number}\": \"{shard}\""))}} } }""");
}
