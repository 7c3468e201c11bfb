namespace AdaLora.Transformers.Generation;

/// <summary>One token of a text that is being generated.</summary>
/// <param name="Prompt">The place of its prompt in the batch, counted from 0.</param>
/// <param name="Sample">Which of the prompt's texts it belongs to, counted from 0.</param>
/// <param name="Id">The token id.</param>
/// <param name="Ending">Why it is the last one of its text; null if it is not.</param>
public readonly record struct GeneratedToken(int Prompt, int Sample, int Id, Ending? Ending);
