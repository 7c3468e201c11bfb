using System.Net;

namespace AdaLora.Transformers.Hub;

/// <summary>Turns the hub's refusals into exceptions that say what to do.</summary>
internal sealed class HubAnswers(HubAddress address, HubName name, HubOptions options)
{
    /// <exception cref="HubException">The answer cannot be used.</exception>
    public void ThrowIfRefused(HttpResponseMessage response, string what)
    {
        if (!response.IsSuccessStatusCode)
            throw Refusal(response, what);
    }

    public HubException Refusal(HttpResponseMessage response, string what)
    {
        var status = response.StatusCode;
        var host = response.RequestMessage!.RequestUri!;
        if (status == HttpStatusCode.TooManyRequests)
            return TooMany(response);
        // A storage host has no accounts: a refusal means that the address used has expired, and the hub provides a new one.
        if ((int)status >= 500 || status == HttpStatusCode.RequestTimeout || !address.IsHub(host))
        {
            return new(HubFailure.ServerError, $"{name}",
                $"can't be fetched: {host.Authority} answered {(int)status} for {what}; try again later.")
            { IsTransient = true, RetryAfter = WaitOf(response) };
        }

        return status switch
        {
            HttpStatusCode.NotFound => new(HubFailure.NotFound, $"{name}", NotFound(response, what)),
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => new(HubFailure.AccessDenied, $"{name}", Denied(response)),
            _ => Invalid($"{host.Authority} answered {(int)status} for {what}"),
        };
    }

    /// <summary>The exception for an answer that does not look like the hub's.</summary>
    public HubException Invalid(string what) => new(HubFailure.InvalidAnswer, $"{name}", $"can't be fetched: {what}; check HF_ENDPOINT and any proxy or login page in between.");

    private HubException TooMany(HttpResponseMessage response)
    {
        var wait = WaitOf(response);
        var again = wait is { } seconds ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"after {seconds.TotalSeconds:0} s") : "later";
        var advice = address.HasToken ? string.Empty : ", or set HF_TOKEN, which raises the limit";
        return new(HubFailure.TooManyRequests, $"{name}", $"can't be fetched: {address.Host} is limiting requests (429); try again {again}{advice}.")
        {
            IsTransient = wait is null || wait <= options.MaxRetryDelay,
            RetryAfter = wait,
        };
    }

    private string NotFound(HttpResponseMessage response, string what) => CodeOf(response) switch
    {
        "RevisionNotFound" => $"has no revision '{name.Revision}' on {address.Host}; see {address.Page(name)} for its branches and tags.",
        "EntryNotFound" => $"has no file {what} on {address.Host}.",
        _ => $"is unknown to {address.Host}, and no folder has that name either: check the repository and revision on {address.Page(name)}.",
    };

    private string Denied(HttpResponseMessage response) => (CodeOf(response), address.HasToken) switch
    {
        ("GatedRepo", false) => $"is gated: accept its terms on {address.Page(name)} and set HF_TOKEN to a token of that account.",
        ("GatedRepo", true) => $"is gated, and the account of the token in use has no access: accept its terms on {address.Page(name)}.",
        (_, false) => $"is private, gated or unknown to {address.Host}: check the name, or set HF_TOKEN to a token of an account that may read it.",
        (_, true) => $"is private, gated or unknown to {address.Host}, or the token in use has expired or may not read it: check the name and the token.",
    };

    private TimeSpan? WaitOf(HttpResponseMessage response)
    {
        var wait = response.Headers.RetryAfter is { } header ? header.Delta ?? header.Date - options.Time.GetUtcNow() : null;
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    private static string? CodeOf(HttpResponseMessage response) => response.Headers.TryGetValues("X-Error-Code", out var codes) ? codes.FirstOrDefault() : null;
}
