namespace AdaLora.Transformers.Configuration;

/// <summary>A checkpoint folder that can't be used: something is missing, broken, or of a kind other than requested. The message says what, and what to do where that is known.</summary>
public sealed class CheckpointException : IOException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="path">The folder or file at fault.</param>
    /// <param name="reason">What is wrong, as the end of a sentence that begins with the path.</param>
    /// <param name="innerException">What was caught, if anything.</param>
    public CheckpointException(string path, string reason, Exception? innerException = null)
        : base($"'{path}' {reason}", innerException) => Path = path;

    /// <summary>The folder or file at fault.</summary>
    public string Path { get; }
}
