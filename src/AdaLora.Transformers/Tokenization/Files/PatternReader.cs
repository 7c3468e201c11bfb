using System.Text.Json;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.Files;

/// <summary>Reads patterns of tokenizer.json: { "String": ... } or { "Regex": ... }.</summary>
internal static class PatternReader
{
    /// <exception cref="CheckpointException">There is no pattern, or it has something that is not supported.</exception>
    public static TextPattern Pattern(this JsonElement part, string source, string name)
    {
        var pattern = part.Member("pattern");
        if (pattern?.Text("String") is { Length: > 0 } literal)
            return new LiteralPattern(literal);
        if (pattern?.Text("Regex") is not { Length: > 0 } expression)
            throw new CheckpointException(source, $"has no pattern in its {name} ({part.GetRawText()}); it must have a String or a Regex.");
        try
        {
            return new RegexPattern(expression);
        }
        catch (Exception exception) when (exception is NotSupportedException or FormatException)
        {
            var fault = exception is FormatException ? "broken" : "not supported";
            throw new CheckpointException(source, $"has the expression '{DefinitionSection.Shortened(expression)}' in its {name}, which is {fault}: {exception.Message}.", exception);
        }
    }
}
