using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace AdaLora.Transformers.Hub;

/// <summary>The three requests that are made of the hub: the files of a revision, the name of a file's content, and the content itself.</summary>
internal sealed partial class HubClient(HubName name, HubAddress address, HubOptions options) : IDisposable
{
    /// <summary>The longest listing that is read: more than a hundred thousand files.</summary>
    private const int LargestListing = 32 << 20;

    private readonly HubTransport _transport = new(address, name, options.Timeout);
    private readonly HubAnswers _answers = new(address, name, options);

    /// <summary>Asks for the commit and the files of the revision.</summary>
    /// <exception cref="HubException">The hub can't be reached, refuses, or answers with something else.</exception>
    public async ValueTask<HubListing> ListAsync(CancellationToken cancellationToken)
    {
        using var response = await _transport.SendAsync(HttpMethod.Get, address.Listing(name), 0, cancellationToken).ConfigureAwait(false);
        _answers.ThrowIfRefused(response, "the list of files");
        var body = await BodyOf(response).ReadAllAsync(LargestListing, cancellationToken).ConfigureAwait(false)
            ?? throw _answers.Invalid($"the list of files from {address.Host} is longer than {LargestListing} bytes");
        return HubListing.TryParse(body) ?? throw _answers.Invalid($"{address.Host} sent {MediaTypeOf(response)} instead of the list of files");
    }

    /// <summary>Asks what a file's content is called and how large it is.</summary>
    /// <exception cref="HubException">The hub can't be reached, refuses, or answers with something else.</exception>
    public async ValueTask<RemoteFile> DescribeAsync(string commit, string file, CancellationToken cancellationToken)
    {
        using var response = await _transport.SendAsync(HttpMethod.Head, address.File(name, commit, file), 0, cancellationToken).ConfigureAwait(false);
        var linked = HeaderOf(response, HubTransport.LinkedEtag);
        if (linked is null)
            _answers.ThrowIfRefused(response, file);
        if (HeaderOf(response, "X-Repo-Commit") is { } told && told != commit)
            throw _answers.Invalid($"{address.Host} answered for a commit other than the one requested");
        var etag = (linked ?? HeaderOf(response, "ETag"))?.Replace("W/", string.Empty, StringComparison.Ordinal).Trim('"');
        if (etag is null || !Etag().IsMatch(etag))
            throw _answers.Invalid($"{address.Host} sent no usable ETag for {file}");
        var size = long.TryParse(HeaderOf(response, "X-Linked-Size"), NumberStyles.None, CultureInfo.InvariantCulture, out var linkedSize)
            ? linkedSize
            : linked is null ? response.Content.Headers.ContentLength : null;
        var remote = new RemoteFile(file, etag, size);
        return remote.IsTooLarge ? throw _answers.Invalid($"{file} is announced with an implausible size of {size} bytes") : remote;
    }

    /// <summary>Asks for a file's content from a given byte. The answer may still begin at the first one, or say that there is no such byte (416).</summary>
    /// <exception cref="HubException">The hub can't be reached, refuses, or announces a length that contradicts what it said before.</exception>
    public async ValueTask<HttpResponseMessage> OpenAsync(string commit, RemoteFile file, long offset, CancellationToken cancellationToken)
    {
        var response = await _transport.SendAsync(HttpMethod.Get, address.File(name, commit, file.Name), offset, cancellationToken).ConfigureAwait(false);
        try
        {
            if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
                return response;
            _answers.ThrowIfRefused(response, file.Name);
            var start = response.StatusCode == HttpStatusCode.PartialContent ? offset : 0;
            if (response.Content.Headers.ContentLength is { } length && (file.Size is { } size ? length != size - start : length > file.Limit))
                throw _answers.Invalid($"{file.Name} was announced with {file.Size - start} bytes, but is sent with {length}");
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    public HubBody BodyOf(HttpResponseMessage response) => _transport.BodyOf(response);

    /// <summary>The exception for content that is longer than announced.</summary>
    public HubException TooLong(RemoteFile file) => _answers.Invalid($"{file.Name} continues past its {file.Limit} bytes");

    public void Dispose() => _transport.Dispose();

    private static string MediaTypeOf(HttpResponseMessage response) => response.Content.Headers.ContentType?.MediaType ?? "content of unknown type";

    private static string? HeaderOf(HttpResponseMessage response, string header) => response.Headers.TryGetValues(header, out var values) ? values.FirstOrDefault() : null;

    // ETags become file names.
    [GeneratedRegex(@"^[A-Za-z0-9_-]{1,128}\z")]
    private static partial Regex Etag();
}
