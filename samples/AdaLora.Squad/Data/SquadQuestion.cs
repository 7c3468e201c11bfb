namespace AdaLora.Squad.Data;

/// <summary>A question about a text.</summary>
/// <param name="Id">Its name, unique within a file.</param>
/// <param name="Text">The question.</param>
/// <param name="Passage">The text, with the article that it is from.</param>
/// <param name="Answers">The right answers; none if the text has none.</param>
internal sealed record SquadQuestion(string Id, string Text, Passage Passage, IReadOnlyList<GoldAnswer> Answers);
