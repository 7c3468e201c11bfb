using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.Normalizers;

/// <summary>Puts a text in front of every text that is not empty. It comes from where the first character does.</summary>
internal sealed class PrependNormalizer(string prefix) : TextNormalizer
{
    public override bool Apply(AlignedText text, AlignedText result)
    {
        if (text.Length == 0)
            return false;
        result.Clear(text.Origin);
        result.Append(prefix, text.StartOf(0), text.EndOf(0));
        result.Append(text, 0, text.Length);
        return true;
    }
}
