namespace AdaLora.Transformers.Hub;

/// <summary>Distinguishes network failures from others and describes them.</summary>
internal static class NetworkFault
{
    /// <summary>Whether an exception comes from the network, or from waiting too long for it, and not from the caller's cancellation.</summary>
    public static bool Is(Exception exception, CancellationToken cancellationToken) =>
        exception is HttpRequestException or IOException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    public static HubException Describe(Exception exception, HubName name, string host)
    {
        var error = exception switch
        {
            HttpRequestException request => request.HttpRequestError,
            HttpIOException body => body.HttpRequestError,
            _ => HttpRequestError.Unknown,
        };
        return error switch
        {
            HttpRequestError.SecureConnectionError =>
                new(HubFailure.Unreachable, $"{name}", $"can't be fetched: a secure connection to {host} could not be made; check the clock, the certificates and any proxy.", exception),
            HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded =>
                new(HubFailure.InvalidAnswer, $"{name}", $"can't be fetched: {host} does not answer in valid HTTP; check HF_ENDPOINT and any proxy.", exception),
            _ => new(HubFailure.Unreachable, $"{name}", $"can't be fetched: {Words(exception, error, host)}.", exception) { IsTransient = true },
        };
    }

    private static string Words(Exception exception, HttpRequestError error, string host) => exception is OperationCanceledException
        ? $"{host} stopped responding"
        : error == HttpRequestError.ResponseEnded ? $"{host} closed the connection" : $"{host} can't be reached";
}
