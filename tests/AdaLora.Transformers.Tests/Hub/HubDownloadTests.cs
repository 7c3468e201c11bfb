using AdaLora.TestSupport;
using AdaLora.Transformers.Hub;
using Xunit;

namespace AdaLora.Transformers.Tests.Hub;

/// <summary>Downloads that break off, lie or are led elsewhere.</summary>
public sealed class HubDownloadTests : IDisposable
{
    private const string Weights = "model.safetensors";
    private const string Secret = "hf_secret";

    private readonly HubFixture _hub = new();

    private byte[] Content => _hub.Hub.Files[Weights];

    public void Dispose() => _hub.Dispose();

    [Fact]
    public async Task Broken_download_goes_on_where_it_stopped()
    {
        _hub.Hub.InterceptStorage = request => request.Offset == 0 ? new LoopbackAnswer(200) { Body = Content, BreakAfter = 100_000 } : null;

        await AssertWholeAsync();

        var offset = Assert.Single(_hub.Hub.StorageRequests, request => request.Offset > 0).Offset;
        Assert.Equal(100_000, offset);
    }

    [Fact]
    public async Task Next_process_goes_on_where_the_last_one_stopped()
    {
        _hub.Hub.InterceptStorage = _ => new LoopbackAnswer(200) { Body = Content, BreakAfter = 100_000 };
        _ = await FailAsync(HubFailure.Unreachable, _hub.Options(retries: 0));
        Assert.Equal(Content[..100_000], await File.ReadAllBytesAsync(_hub.PartOf(Weights)));
        Assert.False(File.Exists(Path.Combine(_hub.Snapshot, Weights)));

        _hub.Hub.InterceptStorage = _ => null;
        await AssertWholeAsync();

        Assert.Equal(100_000, _hub.Hub.StorageRequests.Last().Offset);
        Assert.False(File.Exists(_hub.PartOf(Weights)));
    }

    [Fact]
    public async Task Line_that_breaks_more_often_than_attempts_are_allowed_gets_through_while_it_gets_on()
    {
        _hub.Hub.Files[Weights] = FakeHub.Bytes(6 << 20);
        _hub.Hub.InterceptStorage = request => Rest(request) with { BreakAfter = Math.Min(1 << 20, Content.Length - (int)request.Offset) };

        await AssertWholeAsync(_hub.Options(retries: 0));

        Assert.Equal(6, _hub.Hub.StorageRequests.Count);
    }

    [Fact]
    public async Task Whole_part_is_only_checked()
    {
        _hub.LeavePart(Weights, Content.Length);

        await AssertWholeAsync();

        Assert.Empty(_hub.Hub.StorageRequests);
    }

    [Fact]
    public async Task Server_without_ranges_is_read_from_the_start()
    {
        _hub.LeavePart(Weights, 5000);
        _hub.Hub.InterceptStorage = _ => new LoopbackAnswer(200) { Body = Content };

        await AssertWholeAsync();
    }

    [Theory]
    [InlineData(416, null)]
    [InlineData(206, "bytes 4000-299999/300000")]
    public async Task Part_that_cannot_be_continued_is_begun_anew(int status, string? range)
    {
        _hub.LeavePart(Weights, 5000);
        _hub.Hub.InterceptStorage = request => request.Offset == 0 ? null : Rest(request) with { Status = status, Headers = range is null ? [] : [$"Content-Range: {range}"] };

        await AssertWholeAsync();
    }

    [Fact]
    public async Task Part_with_wrong_bytes_is_begun_anew()
    {
        _hub.LeavePart(Weights, 5000);
        await File.WriteAllBytesAsync(_hub.PartOf(Weights), new byte[5000], TestContext.Current.CancellationToken);

        await AssertWholeAsync();

        Assert.Equal([5000, 0], _hub.Hub.StorageRequests.Select(request => request.Offset));
    }

    [Theory]
    [InlineData(Weights)]
    [InlineData("vocab.txt")]
    public async Task Content_with_another_hash_is_not_kept(string file)
    {
        var wrong = new LoopbackAnswer(200) { Body = [.. _hub.Hub.Files[file].Reverse()] };
        _hub.Hub.InterceptStorage = _ => file == Weights ? wrong : null;
        _hub.Hub.Intercept = request => file != Weights && request.Method == "GET" && request.Path.EndsWith(file, StringComparison.Ordinal) ? wrong : null;

        var failure = await FailAsync(HubFailure.CorruptFile);

        Assert.Contains(file, failure.Message);
        Assert.False(File.Exists(Path.Combine(_hub.Snapshot, file)));
        Assert.False(File.Exists(_hub.BlobOf(file)));
        Assert.False(File.Exists(_hub.PartOf(file)));
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(10_000_000_000)]
    public async Task Length_that_contradicts_the_announced_one_ends_it(long length)
    {
        _hub.Hub.InterceptStorage = _ => new LoopbackAnswer(200) { Body = Content, Length = length };

        var failure = await FailAsync(HubFailure.InvalidAnswer);

        Assert.Contains("announced with 300000 bytes", failure.Message);
        _ = Assert.Single(_hub.Hub.StorageRequests);
    }

    [Fact]
    public async Task Endless_content_is_cut_off()
    {
        _hub.Hub.InterceptStorage = _ => new LoopbackAnswer(200) { Body = Content, Endless = true };

        var failure = await FailAsync(HubFailure.InvalidAnswer);

        Assert.Contains("goes on after its 300000 bytes", failure.Message);
        Assert.Equal(0, new FileInfo(_hub.PartOf(Weights)).Length);
    }

    [Fact]
    public async Task Small_file_is_not_believed_to_be_huge()
    {
        _hub.Hub.Intercept = request => request.Method == "HEAD" ? new LoopbackAnswer(200) { Headers = ["ETag: \"abc\""], Length = 1L << 40 } : null;

        Assert.Contains("config.json", (await FailAsync(HubFailure.InvalidAnswer)).Message);
    }

    [Fact]
    public async Task Content_without_lengths_is_read_to_its_end_and_checked()
    {
        _hub.Hub.Intercept = request => !request.Path.EndsWith("vocab.txt", StringComparison.Ordinal) ? null
            : new LoopbackAnswer(200) { NoLength = true, Headers = [$"ETag: \"{_hub.Hub.EtagOf("vocab.txt")}\""], Body = _hub.Hub.Files["vocab.txt"] };

        await AssertWholeAsync();
        Assert.Equal(_hub.Hub.Files["vocab.txt"], await File.ReadAllBytesAsync(Path.Combine(_hub.Snapshot, "vocab.txt"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task ETag_that_is_no_hash_names_the_content_but_is_never_continued()
    {
        _hub.Hub.Intercept = request => request.Method == "HEAD" && request.Path.EndsWith(Weights, StringComparison.Ordinal)
            ? LoopbackAnswer.Redirect(302, "/elsewhere", "X-Linked-Etag: W/\"multi-part-7\"", $"X-Linked-Size: {Content.Length}") : null;
        _ = Directory.CreateDirectory(Path.Combine(_hub.RepositoryFolder, "blobs"));
        await File.WriteAllBytesAsync(Path.Combine(_hub.RepositoryFolder, "blobs", "multi-part-7.incomplete"), Content[..500], TestContext.Current.CancellationToken);

        await AssertWholeAsync();

        Assert.Equal([0L], _hub.Hub.StorageRequests.Select(request => request.Offset));
        Assert.True(File.Exists(Path.Combine(_hub.RepositoryFolder, "blobs", "multi-part-7")));
    }

    [Theory]
    [InlineData("../../../escaped")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("")]
    public async Task ETag_that_leads_elsewhere_is_refused(string etag)
    {
        _hub.Hub.Intercept = request => request.Method == "HEAD" ? new LoopbackAnswer(200) { Headers = [$"ETag: \"{etag}\""], Length = 10 } : null;

        Assert.Contains("no usable ETag", (await FailAsync(HubFailure.InvalidAnswer)).Message);
        Assert.False(Directory.Exists(_hub.RepositoryFolder));
    }

    [Fact]
    public async Task Token_is_sent_to_the_hub_and_to_no_other_host()
    {
        var away = _hub.Hub.StorageAddress;
        _hub.Hub.Intercept = request => request.Path == $"/{FakeHub.Repository}/resolve/{FakeHub.Commit}/vocab.txt" && request.Method == "GET" ? LoopbackAnswer.Redirect(307, "/renamed/vocab.txt")
            : request.Path == "/renamed/vocab.txt" ? LoopbackAnswer.Redirect(302, new Uri(away, "vocab.txt").AbsoluteUri) : null;

        await AssertWholeAsync(_hub.Options(token: Secret));

        Assert.All(_hub.Hub.Requests, request => Assert.Equal($"Bearer {Secret}", request.Headers["Authorization"]));
        Assert.Contains(_hub.Hub.StorageRequests, request => request.Path == "/vocab.txt");
        Assert.All(_hub.Hub.StorageRequests, request => Assert.DoesNotContain(Secret, string.Join("\n", request.Headers.Values)));
        Assert.DoesNotContain(_hub.Logger.Lines, line => line.Contains(Secret, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("file:///etc/passwd")]
    [InlineData("ftp://127.0.0.1/x")]
    public async Task Redirect_to_something_else_than_http_is_refused(string location)
    {
        _hub.Hub.Intercept = request => LoopbackAnswer.Redirect(302, location);

        Assert.Contains("not followed", (await FailAsync(HubFailure.InvalidAnswer)).Message);
    }

    [Theory]
    [InlineData("//")]
    [InlineData("http://")]
    [InlineData("https://[")]
    public async Task Redirect_to_what_is_no_address_is_refused(string location)
    {
        _hub.Hub.Intercept = request => LoopbackAnswer.Redirect(302, location);

        _ = await FailAsync(HubFailure.InvalidAnswer);
    }

    [Fact]
    public async Task A_link_in_place_of_the_beginning_of_a_file_is_not_written_through()
    {
        var victim = Path.Combine(_hub.Cache, "victim");
        _ = Directory.CreateDirectory(Path.GetDirectoryName(_hub.PartOf(Weights))!);
        await File.WriteAllTextAsync(victim, "precious", TestContext.Current.CancellationToken);
        _ = File.CreateSymbolicLink(_hub.PartOf(Weights), victim);

        Assert.Contains(_hub.PartOf(Weights), (await FailAsync(HubFailure.StorageFailed)).Message);

        Assert.Equal("precious", await File.ReadAllTextAsync(victim, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("refs/main")]
    [InlineData("snapshots/" + FakeHub.Commit + "/config.json")]
    [InlineData("blobs/part")]
    public async Task A_pipe_in_the_cache_is_named_and_not_waited_for(string place)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Named pipes are made with mkfifo.");
        var path = place == "blobs/part" ? _hub.PartOf("config.json") : Path.Combine(_hub.RepositoryFolder, place);
        _hub.WriteSnapshot();
        File.Delete(path);
        Pipes.Make(path);

        Assert.Contains(path, (await FailAsync(HubFailure.StorageFailed, _hub.Options(update: place == "blobs/part"))).Message);
    }

    [Fact]
    public async Task Redirects_in_a_circle_end()
    {
        _hub.Hub.Intercept = request => LoopbackAnswer.Redirect(302, request.Path);

        Assert.Contains("without end", (await FailAsync(HubFailure.InvalidAnswer)).Message);
        Assert.InRange(_hub.Hub.Requests.Count, 2, 10);
    }

    [Fact]
    public async Task Full_disk_leaves_the_beginning_alone()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "There is no /dev/full here, on which every write finds a full disk.");
        _hub.OpenPart = _ => new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);

        var failure = await FailAsync(HubFailure.StorageFailed);

        Assert.Contains("space", failure.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("continued", failure.Message);
        Assert.False(File.Exists(_hub.BlobOf(Weights)));
        Assert.False(File.Exists(Path.Combine(_hub.Snapshot, Weights)));
    }

    [Fact]
    public async Task Progress_grows_to_the_size_of_each_file()
    {
        _hub.LeavePart(Weights, 5000);

        await AssertWholeAsync();

        foreach (var file in _hub.Progress.GroupBy(report => report.File))
        {
            Assert.Equal(file.Select(report => report.ReceivedBytes).Order(), file.Select(report => report.ReceivedBytes));
            Assert.All(file, report => Assert.Equal(_hub.Hub.Files[file.Key].Length, report.TotalBytes));
            Assert.Equal(file.Key == Weights ? 5000 : 0, file.First().ReceivedBytes);
            Assert.Equal(file.Last().TotalBytes, file.Last().ReceivedBytes);
        }
        Assert.Equal(["config.json", Weights, "tokenizer_config.json", "vocab.txt"], _hub.Progress.Select(report => report.File).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Cancellation_ends_a_download_that_stands_still()
    {
        using var cancel = new CancellationTokenSource();
        _hub.Hub.InterceptStorage = _ => new LoopbackAnswer(200) { Length = Content.Length, FallsSilent = true };
        var resolving = _hub.ResolveAsync(cancellationToken: cancel.Token);
        while (_hub.Hub.StorageRequests.Count == 0)
            await Task.Delay(5, TestContext.Current.CancellationToken);
        await cancel.CancelAsync();

        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => resolving);
        Assert.False(File.Exists(Path.Combine(_hub.Snapshot, Weights)));
    }

    private LoopbackAnswer Rest(LoopbackRequest request) => request.Offset == 0
        ? new LoopbackAnswer(200) { Body = Content }
        : new LoopbackAnswer(206) { Headers = [$"Content-Range: bytes {request.Offset}-{Content.Length - 1}/{Content.Length}"], Body = Content[(int)request.Offset..] };

    private async Task AssertWholeAsync(HubOptions? options = null)
    {
        var folder = await _hub.ResolveAsync(options);
        Assert.Equal(Content, await File.ReadAllBytesAsync(Path.Combine(folder, Weights)));
    }

    private async Task<HubException> FailAsync(HubFailure expected, HubOptions? options = null)
    {
        var failure = await Assert.ThrowsAsync<HubException>(() => _hub.ResolveAsync(options));
        Assert.True(expected == failure.Failure, $"{failure.Failure}: {failure.Message}");
        Assert.StartsWith($"'{FakeHub.Repository}' ", failure.Message);
        return failure;
    }
}
