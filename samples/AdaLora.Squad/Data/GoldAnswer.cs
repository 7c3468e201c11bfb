namespace AdaLora.Squad.Data;

/// <summary>A right answer, which stands in the context.</summary>
/// <param name="Text">The answer.</param>
/// <param name="Start">Where it begins in the context, in UTF-16 units; files count code points.</param>
internal readonly record struct GoldAnswer(string Text, int Start)
{
    public int End => Start + Text.Length;
}
