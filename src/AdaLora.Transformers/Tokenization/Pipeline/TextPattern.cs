namespace AdaLora.Transformers.Tokenization.Pipeline;

/// <summary>What is looked for in a text: a text itself, or an expression.</summary>
internal abstract class TextPattern
{
    /// <summary>The matches in their order, none of which overlap.</summary>
    public abstract IReadOnlyList<(int Start, int End)> Find(ReadOnlySpan<char> text);
}
