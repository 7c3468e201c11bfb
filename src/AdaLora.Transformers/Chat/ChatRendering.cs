namespace AdaLora.Transformers.Chat;

/// <summary>A conversation as text.</summary>
/// <param name="Text">The text.</param>
/// <param name="Generated">The parts of it that the template marks as the model's own, by generation blocks: where each begins, and how long it is, in UTF-16 code units. Empty if the template
/// has no such blocks.</param>
public sealed record ChatRendering(string Text, IReadOnlyList<(int Start, int Length)> Generated);
