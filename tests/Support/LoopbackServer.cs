using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace AdaLora.TestSupport;

/// <summary>
/// An HTTP server on the loopback address that sends what it is given, byte for byte. A server library would refuse to lie about lengths or to break off, which is what tests
/// need. One request per connection.
/// </summary>
internal sealed class LoopbackServer : IDisposable
{
    /// <summary>Far more than a client may accept, but not enough to fill the disk if it accepts all.</summary>
    private const int MostRepeats = 100;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ending = new();
    private readonly Func<LoopbackRequest, LoopbackAnswer> _answer;
    private readonly Task _accepting;

    public LoopbackServer(Func<LoopbackRequest, LoopbackAnswer> answer)
    {
        _answer = answer;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>All requests so far, in the order they came.</summary>
    public ConcurrentQueue<LoopbackRequest> Requests { get; } = new();

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public void Dispose()
    {
        _ending.Cancel();
        _accepting.GetAwaiter().GetResult();
        _listener.Stop();
        _ending.Dispose();
    }

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
                open.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_ending.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                if (await ReadAsync(stream) is not { } request)
                    return;
                Requests.Enqueue(request);
                await SendAsync(stream, request, _answer(request));
            }
            catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException)
            {
                // The client left, or the test is over.
            }
        }
    }

    private async Task SendAsync(NetworkStream stream, LoopbackRequest request, LoopbackAnswer answer)
    {
        await answer.Before.WaitAsync(_ending.Token);
        await stream.WriteAsync(answer.Head(), _ending.Token);
        if (request.Method == "HEAD")
            return;
        if (answer.FallsSilent)
            await Task.Delay(Timeout.Infinite, _ending.Token);
        for (var repeat = 0; repeat < (answer.Endless ? MostRepeats : 1); repeat++)
            await stream.WriteAsync(answer.Body.AsMemory(0, answer.BreakAfter ?? answer.Body.Length), _ending.Token);
    }

    private async Task<LoopbackRequest?> ReadAsync(NetworkStream stream)
    {
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
        var first = (await reader.ReadLineAsync(_ending.Token))?.Split(' ');
        if (first is not { Length: 3 })
            return null;
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        while (await reader.ReadLineAsync(_ending.Token) is { Length: > 0 } line)
            headers[line[..line.IndexOf(':')]] = line[(line.IndexOf(':') + 1)..].Trim();
        return new LoopbackRequest(first[0], first[1], headers);
    }
}
