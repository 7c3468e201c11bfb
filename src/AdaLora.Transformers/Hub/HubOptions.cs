using AdaLora.Transformers.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AdaLora.Transformers.Hub;

/// <summary>
/// Where checkpoints come from and where they are kept. Anything left null is read from the environment variables that the Python tools of the hub use, so a cache and a
/// login are shared with them.
/// </summary>
public sealed class HubOptions
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    /// <summary>The cache's folder. Null: HF_HUB_CACHE, else HF_HOME/hub, else XDG_CACHE_HOME/huggingface/hub, else ~/.cache/huggingface/hub.</summary>
    public string? CacheFolder { get; init; }

    /// <summary>The hub's address, http or https. Null: HF_ENDPOINT, else https://huggingface.co.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>
    /// The access token; empty for none. It is sent to <see cref="Endpoint"/>'s host alone, never to one that it redirects to, and never unencrypted over a network. Null: HF_TOKEN,
    /// else the login's file (HF_TOKEN_PATH, else HF_HOME/token), unless HF_HUB_DISABLE_IMPLICIT_TOKEN is set.
    /// </summary>
    public string? Token { get; init; }

    /// <summary>Whether no request may be made. Null: HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE.</summary>
    public bool? Offline { get; init; }

    /// <summary>Whether the hub is asked for the commit of a branch or tag even if a complete checkpoint of it is in the cache. Otherwise, a complete checkpoint needs no request.</summary>
    public bool CheckForUpdates { get; init; }

    /// <summary>Attempts after the first one when the network or the hub fails, at least 0. A download that makes progress restarts the count.</summary>
    public int MaxRetries { get; init; } = 4;

    /// <summary>The wait before the second attempt, not negative; it doubles with each further one, with some randomness. A Retry-After from the hub takes precedence.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>The longest wait, at least <see cref="RetryDelay"/> and at most a day. If the hub asks for a longer one, no further attempt is made.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long the hub may be silent, above 0 and at most a day: while connecting, before it answers, and between two pieces of a file.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Receives messages about downloads and failed attempts.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>Times the waits between attempts.</summary>
    internal TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Opens the part of a download; null for a file.</summary>
    internal Func<string, FileStream>? OpenPart { get; init; }

    internal HubEnvironment Environment { get; init; } = HubEnvironment.OfProcess;

    /// <summary>Checks all options.</summary>
    /// <exception cref="ArgumentException">An option is out of its range; the message lists all that are, but no token.</exception>
    public void Validate()
    {
        var faults = new ConfigFaults();
        faults.Require(CacheFolder is null or { Length: > 0 }, $"{nameof(CacheFolder)} is empty");
        faults.Require(MaxRetries >= 0, $"{nameof(MaxRetries)} is {MaxRetries}; it must not be negative");
        faults.Require(RetryDelay >= TimeSpan.Zero, $"{nameof(RetryDelay)} is {RetryDelay}; it must not be negative");
        faults.Require(MaxRetryDelay >= RetryDelay && MaxRetryDelay <= Longest, $"{nameof(MaxRetryDelay)} is {MaxRetryDelay}; it must be at least {nameof(RetryDelay)} and at most a day");
        faults.Require(Timeout > TimeSpan.Zero && Timeout <= Longest, $"{nameof(Timeout)} is {Timeout}; it must be above 0 and at most a day");
        faults.Require(Logger is not null, $"{nameof(Logger)} is null");
        HubAddress.AddFaults(faults, Endpoint?.OriginalString ?? Environment.Endpoint, Token ?? Environment.ReadToken());
        if (faults.List.Count > 0)
            throw new ArgumentException($"The hub's options are not valid: {string.Join("; ", faults.List)}.");
    }
}
