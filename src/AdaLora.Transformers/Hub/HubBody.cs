namespace AdaLora.Transformers.Hub;

/// <summary>The body of an answer, read with a limit on silence and with failures reported in this package's words.</summary>
internal sealed class HubBody(HttpResponseMessage response, HubName name, TimeSpan timeout)
{
    private readonly string _host = response.RequestMessage!.RequestUri!.Authority;
    private Stream? _stream;

    /// <summary>Reads the next bytes; 0 at the end.</summary>
    /// <exception cref="HubException">The network failed, or nothing came for too long.</exception>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(timeout);
        try
        {
            _stream ??= await response.Content.ReadAsStreamAsync(patience.Token).ConfigureAwait(false);
            return await _stream.ReadAsync(buffer, patience.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (NetworkFault.Is(exception, cancellationToken))
        {
            throw NetworkFault.Describe(exception, name, _host);
        }
    }

    /// <summary>The whole body, or null if it is longer than <paramref name="limit"/> bytes; no more than that is ever held.</summary>
    public async Task<ReadOnlyMemory<byte>?> ReadAllAsync(int limit, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream();
        var buffer = new byte[1 << 16];
        int read;
        while ((read = await ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            if (content.Length + read > limit)
                return null;
            content.Write(buffer, 0, read);
        }
        return content.ToArray();
    }
}
