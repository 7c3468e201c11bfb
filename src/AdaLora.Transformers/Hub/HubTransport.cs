using System.Net;
using System.Net.Http.Headers;

namespace AdaLora.Transformers.Hub;

/// <summary>Sends requests and follows redirects itself, because the token must not be sent to another host.</summary>
internal sealed class HubTransport : IDisposable
{
    public const string LinkedEtag = "X-Linked-Etag";
    private const int MostRedirects = 8;

    private readonly HubAddress _address;
    private readonly HubName _name;
    private readonly TimeSpan _timeout;
    private readonly HttpClient _client;

    public HubTransport(HubAddress address, HubName name, TimeSpan timeout)
    {
        _address = address;
        _name = name;
        _timeout = timeout;
        _client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = timeout }) { Timeout = Timeout.InfiniteTimeSpan };
        _client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("AdaLora", typeof(HubTransport).Assembly.GetName().Version?.ToString()));
        // Sizes and offsets are those of the file, so it must not be compressed on the way.
        _client.DefaultRequestHeaders.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
    }

    /// <summary>Sends a request; a HEAD ends at the answer that describes the linked content, everything else at the end of the redirects.</summary>
    /// <param name="method">GET or HEAD.</param>
    /// <param name="target">The address.</param>
    /// <param name="offset">The first byte wanted.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The answer, whatever its status, with the body still to be read.</returns>
    /// <exception cref="HubException">The network failed, or a redirect must not be followed.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri target, long offset, CancellationToken cancellationToken)
    {
        for (var hop = 0; hop <= MostRedirects; hop++)
        {
            var response = await SendOnceAsync(method, target, offset, cancellationToken).ConfigureAwait(false);
            if (!IsRedirect(response.StatusCode) || (method == HttpMethod.Head && response.Headers.Contains(LinkedEtag)))
                return response;
            using (response)
                target = TargetOf(response, target);
        }
        throw Refused($"{_address.Host} redirects endlessly");
    }

    /// <summary>The body of an answer.</summary>
    public HubBody BodyOf(HttpResponseMessage response) => new(response, _name, _timeout);

    public void Dispose() => _client.Dispose();

    private async Task<HttpResponseMessage> SendOnceAsync(HttpMethod method, Uri target, long offset, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, target);
        if (_address.TokenFor(target) is { } token)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (offset > 0)
            request.Headers.Range = new RangeHeaderValue(offset, null);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(_timeout);
        try
        {
            return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (NetworkFault.Is(exception, cancellationToken))
        {
            throw NetworkFault.Describe(exception, _name, target.Authority);
        }
    }

    private Uri TargetOf(HttpResponseMessage response, Uri from)
    {
        if (response.Headers.Location is not { } location)
            throw Refused($"{from.Authority} redirects without giving an address");
        if (!Uri.TryCreate(from, location, out var target))
            throw Refused($"{from.Authority} redirects to '{location.OriginalString}', which is not an address");
        var isSafe = target.Scheme == Uri.UriSchemeHttps || (target.Scheme == Uri.UriSchemeHttp && from.Scheme == Uri.UriSchemeHttp);
        return isSafe ? target : throw Refused($"{from.Authority} redirects from https to an address without it, which is not followed");
    }

    private HubException Refused(string what) => new(HubFailure.InvalidAnswer, $"{_name}", $"can't be fetched: {what}; check HF_ENDPOINT and any proxy.");

    private static bool IsRedirect(HttpStatusCode status) =>
        status is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;
}
