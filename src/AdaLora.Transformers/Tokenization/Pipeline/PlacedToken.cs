namespace AdaLora.Transformers.Tokenization.Pipeline;

/// <summary>A token with its place in the original text.</summary>
/// <param name="Id">The token.</param>
/// <param name="Start">The first UTF-16 unit that it comes from.</param>
/// <param name="End">The unit after the last.</param>
/// <param name="Word">The number of the word that it is part of.</param>
/// <param name="IsLiteral">Whether it was found as it stands, as an added token is, and not spelled by the model.</param>
internal readonly record struct PlacedToken(int Id, int Start, int End, int Word, bool IsLiteral = false);
