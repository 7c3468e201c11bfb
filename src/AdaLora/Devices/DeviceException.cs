namespace AdaLora.Devices;

/// <summary>A requested device that is not available. The message is a single line that says why and what to do.</summary>
public sealed class DeviceException : Exception
{
    /// <summary>Creates the exception without a message of its own.</summary>
    public DeviceException()
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">Which device, why it is not available, and what to do.</param>
    public DeviceException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">Which device, why it is not available, and what to do.</param>
    /// <param name="innerException">The cause.</param>
    public DeviceException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
