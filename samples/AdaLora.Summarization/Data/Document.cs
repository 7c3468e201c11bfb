namespace AdaLora.Summarization.Data;

/// <summary>A text with its summary.</summary>
internal sealed record Document(string Text, string Summary);
