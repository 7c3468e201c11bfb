namespace AdaLora.Transformers.Tokenization.Pipeline;

/// <summary>Counts the code points before a place of a text. A half of a surrogate pair that stands alone counts as one.</summary>
internal sealed class CodePoints(string text)
{
    public string Text => text;

    // How many before each place; made when it is first needed, and not at all for texts in which every unit is a code point.
    private int[]? _before;

    public int Before(int place)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
            return place;
        return (_before ??= Count())[place];
    }

    private int[] Count()
    {
        var before = new int[text.Length + 1];
        for (var i = 0; i < text.Length; i++)
            before[i + 1] = before[i] + (char.IsLowSurrogate(text[i]) && i > 0 && char.IsHighSurrogate(text[i - 1]) ? 0 : 1);
        return before;
    }
}
