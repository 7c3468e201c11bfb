using Microsoft.Extensions.Logging;

namespace AdaLora.Transformers.Hub;

/// <summary>What the hub's client logs. Neither tokens nor the addresses of redirects are ever part of it.</summary>
internal static partial class HubLog
{
    [LoggerMessage(EventId = 40, Level = LogLevel.Information, Message = "Downloading {File} of {Name} ({Size} bytes, {Kept} of them already present)")]
    public static partial void Downloading(ILogger logger, string file, string name, long? size, long kept);

    [LoggerMessage(EventId = 41, Level = LogLevel.Warning, Message = "{Reason} Next attempt in {Delay}")]
    public static partial void AttemptFailed(ILogger logger, string reason, TimeSpan delay);

    [LoggerMessage(EventId = 42, Level = LogLevel.Warning, Message = "{Reason} The copy in the cache is used")]
    public static partial void CacheUsed(ILogger logger, string reason);
}
