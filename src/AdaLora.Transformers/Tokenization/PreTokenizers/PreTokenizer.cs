using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.PreTokenizers;

/// <summary>Cuts the pieces of a text into smaller ones, down to what a model looks at by itself. Added tokens are left alone.</summary>
internal abstract class PreTokenizer
{
    public abstract void Apply(Workspace work);
}
