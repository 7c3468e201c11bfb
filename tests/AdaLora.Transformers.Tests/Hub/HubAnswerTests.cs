using System.Net;
using System.Net.Sockets;
using AdaLora.TestSupport;
using AdaLora.Transformers.Hub;
using Xunit;

namespace AdaLora.Transformers.Tests.Hub;

/// <summary>What the hub's refusals become, and what happens without it.</summary>
public sealed class HubAnswerTests : IDisposable
{
    private const string Secret = "hf_secret";

    private readonly HubFixture _hub = new();

    public void Dispose() => _hub.Dispose();

    [Theory]
    [InlineData(404, "RepoNotFound", null, HubFailure.NotFound, "unknown to 127.0.0.1")]
    [InlineData(404, "RevisionNotFound", null, HubFailure.NotFound, "no revision 'main'")]
    [InlineData(401, "RepoNotFound", null, HubFailure.AccessDenied, "set HF_TOKEN")]
    [InlineData(401, "GatedRepo", null, HubFailure.AccessDenied, "accept its terms")]
    [InlineData(403, "GatedRepo", Secret, HubFailure.AccessDenied, "has no access")]
    [InlineData(401, "", Secret, HubFailure.AccessDenied, "expired")]
    [InlineData(400, "", null, HubFailure.InvalidAnswer, "answers 400")]
    public async Task Refusal_is_told_at_once_with_what_to_do(int status, string code, string? token, HubFailure failure, string said)
    {
        _hub.Hub.Intercept = _ => new LoopbackAnswer(status) { Headers = [$"X-Error-Code: {code}"] };

        var exception = await FailAsync(failure, _hub.Options(token: token));

        Assert.Contains(said, exception.Message);
        Assert.DoesNotContain(Secret, $"{exception}");
        _ = Assert.Single(_hub.Hub.Requests);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(408)]
    [InlineData(429)]
    public async Task Failure_that_may_pass_is_tried_again(int status)
    {
        var left = 2;
        _hub.Hub.Intercept = _ => left-- > 0 ? new LoopbackAnswer(status) : null;

        Assert.Equal(_hub.Snapshot, await _hub.ResolveAsync());
        Assert.Equal(2, _hub.Time.Waits.Count);
    }

    [Theory]
    [InlineData(503, HubFailure.ServerError, "answers 503")]
    [InlineData(429, HubFailure.TooManyRequests, "slow down")]
    public async Task Failure_that_does_not_pass_is_told_after_all_attempts(int status, HubFailure failure, string said)
    {
        _hub.Hub.Intercept = _ => new LoopbackAnswer(status);

        Assert.Contains(said, (await FailAsync(failure)).Message);
        Assert.Equal(3, _hub.Hub.Requests.Count);
    }

    [Fact]
    public async Task Server_is_given_the_wait_it_asks_for()
    {
        var left = 1;
        _hub.Hub.Intercept = _ => left-- > 0 ? new LoopbackAnswer(429) { Headers = ["Retry-After: 77"] } : null;

        _ = await _hub.ResolveAsync();

        Assert.Equal([TimeSpan.FromSeconds(77)], _hub.Time.Waits);
    }

    [Fact]
    public async Task Wait_that_is_too_long_is_left_to_the_user()
    {
        _hub.Hub.Intercept = _ => new LoopbackAnswer(429) { Headers = ["Retry-After: 3600"] };

        Assert.Contains("after 3600 s, or set HF_TOKEN", (await FailAsync(HubFailure.TooManyRequests)).Message);
        _ = Assert.Single(_hub.Hub.Requests);
    }

    [Fact]
    public async Task Address_that_ran_out_is_asked_for_anew()
    {
        var left = 1;
        _hub.Hub.InterceptStorage = _ => left-- > 0 ? new LoopbackAnswer(403) : null;

        Assert.Equal(_hub.Snapshot, await _hub.ResolveAsync());
    }

    [Theory]
    [InlineData("text/html", "<html>Please log in</html>")]
    [InlineData("application/json", "[1, 2]")]
    [InlineData("application/json", """{ "sha": "../../x", "siblings": [] }""")]
    [InlineData("application/json", """{ "sha": "0123456789abcdef0123456789abcdef01234567" }""")]
    public async Task Something_else_in_place_of_the_listing_is_refused(string type, string body)
    {
        _hub.Hub.Intercept = _ => LoopbackAnswer.Text(200, type, body);

        Assert.Contains(type, (await FailAsync(HubFailure.InvalidAnswer)).Message);
        Assert.False(Directory.Exists(_hub.Cache));
    }

    [Fact]
    public async Task Endless_listing_is_cut_off()
    {
        _hub.Hub.Intercept = _ => new LoopbackAnswer(200) { Body = new byte[1 << 20], Endless = true };

        Assert.Contains("longer than", (await FailAsync(HubFailure.InvalidAnswer)).Message);
    }

    [Fact]
    public async Task What_speaks_no_HTTP_is_refused()
    {
        _hub.Hub.Intercept = _ => new LoopbackAnswer(200) { Headers = ["no header at all"] };

        _ = await FailAsync(HubFailure.InvalidAnswer);
    }

    [Fact]
    public async Task Silence_ends_after_the_timeout()
    {
        _hub.Hub.Intercept = _ => new LoopbackAnswer(200) { Length = 10, FallsSilent = true };

        Assert.Contains("fell silent", (await FailAsync(HubFailure.Unreachable, _hub.Options(retries: 1, timeout: 0.2))).Message);
        Assert.Equal(2, _hub.Hub.Requests.Count);
    }

    [Fact]
    public async Task Without_network_a_whole_copy_is_used()
    {
        _hub.WriteSnapshot("config.json", "model.safetensors", "vocab.txt");

        Assert.Equal(_hub.Snapshot, await _hub.ResolveAsync(Unplugged()));
        Assert.Contains(_hub.Logger.Lines, line => line.Contains("copy in the cache is used", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_network_a_part_of_a_copy_is_told_to_be_one()
    {
        _hub.WriteSnapshot("config.json", "vocab.txt");

        var failure = await FailAsync(HubFailure.Unreachable, Unplugged());

        Assert.Contains("can't be reached", failure.Message);
        Assert.Contains("offline", failure.Message);
        Assert.Contains("lacks model.safetensors", failure.Message);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Offline_asks_nobody(bool byVariable)
    {
        if (byVariable)
            _hub.Variables["HF_HUB_OFFLINE"] = "1";
        var options = _hub.Options(offline: byVariable ? null : true);

        Assert.Contains("holds no copy", (await FailAsync(HubFailure.Offline, options)).Message);
        _hub.WriteSnapshot("config.json", "vocab.txt");
        Assert.Contains("lacks model.safetensors", (await FailAsync(HubFailure.Offline, options)).Message);
        _hub.WriteSnapshotFile("model.safetensors");
        Assert.Equal(_hub.Snapshot, await _hub.ResolveAsync(options));
        Assert.Empty(_hub.Hub.Requests);
    }

    /// <summary>Options for an address where nobody listens.</summary>
    private HubOptions Unplugged()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var options = _hub.Options(address: new Uri($"http://{listener.LocalEndpoint}"));
        listener.Stop();
        return options;
    }

    private async Task<HubException> FailAsync(HubFailure expected, HubOptions? options = null)
    {
        var failure = await Assert.ThrowsAsync<HubException>(() => _hub.ResolveAsync(options));
        Assert.True(expected == failure.Failure, $"{failure.Failure}: {failure.Message}");
        return failure;
    }
}
