namespace AdaLora.Transformers.Chat.Jinja.Syntax;

/// <summary>A place in a template, counted from 1.</summary>
internal readonly record struct Place(int Line, int Column)
{
    /// <summary>A fault at this place.</summary>
    public ChatTemplateException Fault(string message) => new($"line {Line}, column {Column}: {message}", Line, Column, isRaised: false);

    /// <summary>What the template itself says at this place.</summary>
    public ChatTemplateException Raise(string message) => new(message, Line, Column, isRaised: true);
}
