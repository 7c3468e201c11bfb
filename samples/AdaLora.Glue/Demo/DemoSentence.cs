namespace AdaLora.Glue.Demo;

/// <summary>A sentence of the demo's language.</summary>
/// <param name="Text">Words separated by spaces, the final mark included.</param>
/// <param name="Violation">What is wrong with it, or null if it is acceptable.</param>
internal sealed record DemoSentence(string Text, string? Violation);
