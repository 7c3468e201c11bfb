namespace AdaLora.Transformers.Tokenization.Pipeline;

/// <summary>Finds a text, which is not empty.</summary>
internal sealed class LiteralPattern(string literal) : TextPattern
{
    public override IReadOnlyList<(int Start, int End)> Find(ReadOnlySpan<char> text)
    {
        var matches = new List<(int, int)>();
        for (var start = 0; text[start..].IndexOf(literal, StringComparison.Ordinal) is >= 0 and var next; start += next + literal.Length)
            matches.Add((start + next, start + next + literal.Length));
        return matches;
    }
}
