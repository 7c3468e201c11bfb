namespace AdaLora.Processes.Nccl;

/// <summary>NCCL is not there, or refuses.</summary>
public sealed class NcclException : Exception
{
    /// <summary>An exception without a message.</summary>
    public NcclException()
    {
    }

    /// <summary>An exception with a message.</summary>
    /// <param name="message">What is wrong, and what to do about it.</param>
    public NcclException(string message)
        : base(message)
    {
    }

    /// <summary>An exception with a message and a cause.</summary>
    /// <param name="message">What is wrong, and what to do about it.</param>
    /// <param name="innerException">The cause.</param>
    public NcclException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
