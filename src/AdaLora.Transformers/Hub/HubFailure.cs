namespace AdaLora.Transformers.Hub;

/// <summary>Why a checkpoint could not be had from the hub.</summary>
public enum HubFailure
{
    /// <summary>There is no such repository, revision or file (404).</summary>
    NotFound,

    /// <summary>The repository is private or gated and the token is missing or not entitled (401, 403).</summary>
    AccessDenied,

    /// <summary>The hub still asks to slow down after all attempts (429), or asks to wait longer than <see cref="HubOptions.MaxRetryDelay"/>.</summary>
    TooManyRequests,

    /// <summary>The hub or its storage host could not be reached, or kept breaking off, and the cache has no whole checkpoint.</summary>
    Unreachable,

    /// <summary>The hub or its storage host failed (408, 5xx) after all attempts.</summary>
    ServerError,

    /// <summary>What answered doesn't speak as the hub does: HTML in place of JSON, lengths that contradict each other, a redirect that must not be followed.</summary>
    InvalidAnswer,

    /// <summary>A file that was downloaded whole doesn't have the announced hash.</summary>
    CorruptFile,

    /// <summary>Requests are turned off and the cache has no whole checkpoint.</summary>
    Offline,

    /// <summary>The cache can't be written: the disk is full, or permissions are missing. What has been downloaded is kept and continued next time.</summary>
    StorageFailed,
}
