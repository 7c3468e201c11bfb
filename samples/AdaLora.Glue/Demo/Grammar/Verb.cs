namespace AdaLora.Glue.Demo.Grammar;

/// <summary>A verb and its forms. Only past and participle may be alike.</summary>
/// <param name="Base">Plain form: "chase".</param>
/// <param name="Third">Third person singular: "chases".</param>
/// <param name="Past">Simple past: "chased".</param>
/// <param name="Participle">Past participle.</param>
/// <param name="Present">Present participle: "chasing".</param>
/// <param name="Preposition">The only preposition its complement can have, or null.</param>
internal sealed record Verb(string Base, string Third, string Past, string Participle, string Present, string? Preposition = null);
