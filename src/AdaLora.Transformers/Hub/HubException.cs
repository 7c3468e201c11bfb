namespace AdaLora.Transformers.Hub;

/// <summary>A checkpoint that can't be obtained from the hub. The message says why and what to do; it never holds a token or a signed address.</summary>
public sealed class HubException : IOException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="failure">The kind of failure.</param>
    /// <param name="name">The checkpoint's name on the hub.</param>
    /// <param name="reason">What is wrong, as the end of a sentence that begins with the name.</param>
    /// <param name="innerException">What was caught, if anything.</param>
    public HubException(HubFailure failure, string name, string reason, Exception? innerException = null)
        : base($"'{name}' {reason}", innerException)
    {
        Failure = failure;
        Name = name;
    }

    /// <summary>The kind of failure.</summary>
    public HubFailure Failure { get; }

    /// <summary>The checkpoint's name on the hub, such as owner/name@revision.</summary>
    public string Name { get; }

    /// <summary>Whether another attempt may succeed.</summary>
    internal bool IsTransient { get; init; }

    /// <summary>How long the server asks to wait before the next attempt.</summary>
    internal TimeSpan? RetryAfter { get; init; }
}
