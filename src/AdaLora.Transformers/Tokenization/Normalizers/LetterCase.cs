using System.Text;

namespace AdaLora.Transformers.Tokenization.Normalizers;

/// <summary>Lower case, character by character as the reference does it, whatever the culture.</summary>
internal static class LetterCase
{
    /// <summary>The lower case of one character: one character, except for the only one that has two.</summary>
    public static void AppendLower(StringBuilder result, Rune rune)
    {
        // .NET's simple mapping leaves it unchanged.
        if (rune.Value == 'İ')
            _ = result.Append("i\u0307");
        else
            _ = result.Append(Rune.ToLowerInvariant(rune));
    }

    /// <summary>The lower case of a text. A lone surrogate becomes U+FFFD.</summary>
    public static string Lower(ReadOnlySpan<char> text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            AppendLower(result, rune);
        return result.ToString();
    }
}
