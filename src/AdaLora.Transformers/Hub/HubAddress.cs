using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Hub;

/// <summary>The hub's address and the token, and who may see the token.</summary>
internal sealed class HubAddress
{
    private readonly Uri _endpoint;
    private readonly string? _token;

    private HubAddress(Uri endpoint, string? token)
    {
        _endpoint = endpoint;
        _token = token;
    }

    public string Host => _endpoint.Authority;

    public bool HasToken => _token is not null;

    /// <summary>The address that <paramref name="options"/> specify; they must be valid.</summary>
    public static HubAddress Of(HubOptions options)
    {
        var token = options.Token ?? options.Environment.ReadToken();
        return new HubAddress(new Uri((options.Endpoint?.OriginalString ?? options.Environment.Endpoint)
            .TrimEnd('/') + '/'), string.IsNullOrEmpty(token) ? null : token);
    }

    public static void AddFaults(ConfigFaults faults, string endpoint, string? token)
    {
        var address = Uri.TryCreate(endpoint, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp) ? uri : null;
        // An address with a login or a query may hold a secret, so no message repeats it.
        faults.Require(address is not null, "the endpoint (HF_ENDPOINT) is not an http or https address");
        faults.Require(address is null || (address.UserInfo.Length == 0 && address.Query.Length == 0 && address.Fragment.Length == 0),
            "the endpoint (HF_ENDPOINT) must not have a login, a query or a fragment");
        faults.Require(token is null || token.All(letter => letter is > ' ' and < '\x7f'), "the token (HF_TOKEN) contains characters that are not allowed in a token, such as spaces or line breaks");
        faults.Require(
            string.IsNullOrEmpty(token) || address is null || address.Scheme == Uri.UriSchemeHttps || address.IsLoopback,
            "the endpoint is plain http, which would send the token unencrypted: use https, or an empty token");
    }

    /// <summary>The token if a request to <paramref name="target"/> may carry it: to the hub itself, with its scheme and port.</summary>
    public string? TokenFor(Uri target) => IsHub(target) ? _token : null;

    public bool IsHub(Uri target) => Uri.Compare(target, _endpoint, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0;

    /// <summary>Where the hub describes a revision and lists its files.</summary>
    public Uri Listing(HubName name) => new($"{_endpoint.AbsoluteUri}api/models/{name.Repository}/revision/{Uri.EscapeDataString(name.Revision)}");

    /// <summary>Where the hub has a file.</summary>
    public Uri File(HubName name, string commit, string file) => new($"{_endpoint.AbsoluteUri}{name.Repository}/resolve/{commit}/{Uri.EscapeDataString(file)}");

    /// <summary>The page for people.</summary>
    public string Page(HubName name) => $"{_endpoint.AbsoluteUri}{name.Repository}";
}
