namespace AdaLora.Glue.Demo.Grammar;

/// <summary>A way to spoil an acceptable clause.</summary>
/// <param name="Name">Short name, kept in the first column of the data.</param>
/// <param name="Description">What is wrong, with an example.</param>
/// <param name="Apply">The spoiled words, or null where the clause offers no occasion.</param>
internal sealed record Violation(string Name, string Description, Func<Clause, Random, IEnumerable<string>?> Apply);
