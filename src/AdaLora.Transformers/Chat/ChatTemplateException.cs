namespace AdaLora.Transformers.Chat;

/// <summary>A chat template can't be read, can't render what it was given, or has itself refused that.</summary>
public sealed class ChatTemplateException : Exception
{
    /// <summary>Creates an exception without a message.</summary>
    public ChatTemplateException()
    {
    }

    /// <summary>Creates an exception with a message.</summary>
    /// <param name="message">What is wrong.</param>
    public ChatTemplateException(string message)
        : base(message)
    {
    }

    /// <summary>Creates an exception with a message and a cause.</summary>
    /// <param name="message">What is wrong.</param>
    /// <param name="innerException">The cause.</param>
    public ChatTemplateException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    internal ChatTemplateException(string message, int line, int column, bool isRaised)
        : base(message) => (Line, Column, IsRaised) = (line, column, isRaised);

    /// <summary>The line of the template, counted from 1; 0 if the fault has no place in it.</summary>
    public int Line { get; }

    /// <summary>The column of the template, counted from 1; 0 if the fault has no place in it.</summary>
    public int Column { get; }

    /// <summary>Whether the template itself refused the conversation, by raise_exception: the message is then its own.</summary>
    public bool IsRaised { get; }
}
