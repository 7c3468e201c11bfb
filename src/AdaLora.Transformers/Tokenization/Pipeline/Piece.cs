namespace AdaLora.Transformers.Tokenization.Pipeline;

/// <summary>A stretch of a text that a model looks at by itself, or that is an added token already.</summary>
/// <param name="Start">Its first unit.</param>
/// <param name="End">The unit after its last.</param>
/// <param name="TokenId">The id of the added token, or -1.</param>
internal readonly record struct Piece(int Start, int End, int TokenId = -1)
{
    public bool IsToken => TokenId >= 0;
}
