using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.Normalizers;

/// <summary>Changes a text before it is cut into words.</summary>
internal abstract class TextNormalizer
{
    /// <summary>Writes the changed text into <paramref name="result"/>.</summary>
    /// <returns>False if nothing changes; then what is in <paramref name="result"/> does not count.</returns>
    public abstract bool Apply(AlignedText text, AlignedText result);
}
