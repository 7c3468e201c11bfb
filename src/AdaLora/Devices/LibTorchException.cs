namespace AdaLora.Devices;

/// <summary>A libtorch that cannot be used: it is not where it should be, it does not load, or it is of a version that TorchSharp's native library was not built for.</summary>
public sealed class LibTorchException : Exception
{
    /// <summary>Makes the exception without a message of its own.</summary>
    public LibTorchException()
    {
    }

    /// <summary>Makes the exception.</summary>
    /// <param name="message">Which libtorch, what is wrong with it, and what to do.</param>
    public LibTorchException(string message)
        : base(message)
    {
    }

    /// <summary>Makes the exception.</summary>
    /// <param name="message">Which libtorch, what is wrong with it, and what to do.</param>
    /// <param name="innerException">What the loader said.</param>
    public LibTorchException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
