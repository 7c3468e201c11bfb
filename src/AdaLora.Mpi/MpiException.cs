namespace AdaLora.Mpi;

/// <summary>MPI is not there, does not belong to the launcher that started this process, or has failed. The message says what to do.</summary>
public sealed class MpiException : Exception
{
    /// <summary>Creates an exception without a message of its own.</summary>
    public MpiException()
    {
    }

    /// <summary>Creates an exception.</summary>
    /// <param name="message">What is wrong and what to do.</param>
    public MpiException(string message)
        : base(message)
    {
    }

    /// <summary>Creates an exception with a cause.</summary>
    /// <param name="message">What is wrong and what to do.</param>
    /// <param name="innerException">The cause.</param>
    public MpiException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
