namespace AdaLora.Squad.Data;

/// <summary>A paragraph of an article.</summary>
/// <param name="Number">Its number within the file, from 0.</param>
/// <param name="Title">The article; empty if the file does not name it.</param>
/// <param name="Context">The text.</param>
internal sealed record Passage(int Number, string Title, string Context);
