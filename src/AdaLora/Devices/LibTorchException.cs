namespace AdaLora.Devices;

/// <summary>A libtorch that cannot be used: it is not where it should be, it does not load, or its version is not the one TorchSharp's native library was built for.</summary>
public sealed class LibTorchException : Exception
{
    /// <summary>Creates the exception without a message of its own.</summary>
    public LibTorchException()
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">Which libtorch, what is wrong with it, and what to do.</param>
    public LibTorchException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">Which libtorch, what is wrong with it, and what to do.</param>
    /// <param name="innerException">What the loader reported.</param>
    public LibTorchException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
