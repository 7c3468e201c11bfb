namespace AdaLora.Glue.Tests.Tasks;

/// <summary>A question about a text, whose answer stands in it.</summary>
internal sealed record QuestionExample(string Question, string Context, string Answer);
