namespace AdaLora.Transformers.Tokenization.Models;

/// <summary>A token of a unigram model, with the logarithm of its probability.</summary>
internal readonly record struct UnigramPiece(string Text, double Score);
