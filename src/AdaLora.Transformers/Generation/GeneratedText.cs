namespace AdaLora.Transformers.Generation;

/// <summary>A generated text.</summary>
/// <param name="Prompt">The place of its prompt in the batch, counted from 0.</param>
/// <param name="Ids">The new tokens, with the end token if one came.</param>
/// <param name="Ending">Why it ended.</param>
/// <param name="Score">With beams, the log-probability of the new tokens, divided by their number to the power of the length penalty; otherwise null.</param>
public sealed record GeneratedText(int Prompt, IReadOnlyList<int> Ids, Ending Ending, double? Score);
