using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.PreTokenizers;

/// <summary>Cuts at what a pattern finds, or with <paramref name="invert"/> at what it doesn't.</summary>
internal sealed class PatternCutter(TextPattern pattern, SplitBehavior behavior, bool invert) : DelimiterCutter(behavior, invert)
{
    protected override IReadOnlyList<(int Start, int End)> FindDelimiters(ReadOnlySpan<char> text) => pattern.Find(text);
}
