namespace AdaLora.Safetensors;

/// <summary>A safetensors file that violates the format, or asks for something this reader can't do. The message names the file, the tensor if there is one, and the fault.</summary>
public sealed class SafetensorsException : IOException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="path">The file at fault.</param>
    /// <param name="reason">What is wrong, as the end of a sentence that starts with the file's name.</param>
    /// <param name="tensorName">The tensor at fault, or null if the fault is in the file as a whole.</param>
    /// <param name="innerException">What was caught, if anything.</param>
    public SafetensorsException(string path, string reason, string? tensorName = null, Exception? innerException = null)
        : base(tensorName is null ? $"'{path}' {reason}" : $"'{path}', tensor '{tensorName}': {reason}", innerException)
    {
        Path = path;
        TensorName = tensorName;
    }

    /// <summary>The file at fault, as given.</summary>
    public string Path { get; }

    /// <summary>The tensor at fault, or null if the fault is in the file as a whole.</summary>
    public string? TensorName { get; }
}
