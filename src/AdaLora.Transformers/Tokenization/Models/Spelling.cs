namespace AdaLora.Transformers.Tokenization.Models;

/// <summary>A word as the tokens that a model spells it with, each with the units of the word that it stands for.</summary>
internal sealed record Spelling(int[] Ids, int[] Starts, int[] Ends);
