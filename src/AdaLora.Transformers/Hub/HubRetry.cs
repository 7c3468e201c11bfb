using Polly;
using Polly.Retry;

namespace AdaLora.Transformers.Hub;

/// <summary>How failed attempts are repeated: only those that may succeed next time, after doubling waits with jitter, or after the wait that the server asks for.</summary>
internal static class HubRetry
{
    public static ResiliencePipeline Create(HubOptions options) => options.MaxRetries == 0 ? ResiliencePipeline.Empty : new ResiliencePipelineBuilder { TimeProvider = options.Time }
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<HubException>(exception => exception.IsTransient),
            MaxRetryAttempts = options.MaxRetries,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = options.RetryDelay,
            MaxDelay = options.MaxRetryDelay,
            DelayGenerator = arguments => ValueTask.FromResult(RetryAfter(arguments.Outcome.Exception, options)),
            OnRetry = arguments =>
            {
                HubLog.AttemptFailed(options.Logger, arguments.Outcome.Exception!.Message, arguments.RetryDelay);
                return ValueTask.CompletedTask;
            },
        })
        .Build();

    private static TimeSpan? RetryAfter(Exception? exception, HubOptions options) =>
        (exception as HubException)?.RetryAfter is { } wait ? wait < options.MaxRetryDelay ? wait : options.MaxRetryDelay : null;
}
