namespace AdaLora.Transformers.Hub;

/// <summary>Why a checkpoint could not be obtained from the hub.</summary>
public enum HubFailure
{
    /// <summary>There is no such repository, revision or file (404).</summary>
    NotFound,

    /// <summary>The repository is private or gated and the token is missing or not entitled (401, 403).</summary>
    AccessDenied,

    /// <summary>The hub still limits requests after all attempts (429), or asks to wait longer than <see cref="HubOptions.MaxRetryDelay"/>.</summary>
    TooManyRequests,

    /// <summary>The hub or its storage host could not be reached, or kept closing the connection, and the cache has no complete checkpoint.</summary>
    Unreachable,

    /// <summary>The hub or its storage host failed (408, 5xx) after all attempts.</summary>
    ServerError,

    /// <summary>The answer is not one that the hub gives: HTML instead of JSON, lengths that contradict each other, a redirect that must not be followed.</summary>
    InvalidAnswer,

    /// <summary>A file that was downloaded in full does not have the announced hash.</summary>
    CorruptFile,

    /// <summary>Requests are turned off and the cache has no complete checkpoint.</summary>
    Offline,

    /// <summary>The cache can't be written: the disk is full, or permissions are missing. What has been downloaded is kept, and the next download continues from it.</summary>
    StorageFailed,
}
