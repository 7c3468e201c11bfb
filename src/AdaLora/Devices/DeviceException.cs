namespace AdaLora.Devices;

/// <summary>A device that was asked for and is not there. The message is one line that says why and what to do.</summary>
public sealed class DeviceException : Exception
{
    /// <summary>Makes the exception without a message of its own.</summary>
    public DeviceException()
    {
    }

    /// <summary>Makes the exception.</summary>
    /// <param name="message">Which device, why it is not there, and what to do.</param>
    public DeviceException(string message)
        : base(message)
    {
    }

    /// <summary>Makes the exception.</summary>
    /// <param name="message">Which device, why it is not there, and what to do.</param>
    /// <param name="innerException">The cause.</param>
    public DeviceException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
