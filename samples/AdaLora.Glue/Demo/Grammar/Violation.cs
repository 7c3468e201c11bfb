namespace AdaLora.Glue.Demo.Grammar;

/// <summary>A way to make an acceptable clause unacceptable.</summary>
/// <param name="Name">Short name, kept in the first column of the data.</param>
/// <param name="Description">What is wrong, with an example.</param>
/// <param name="Apply">The changed words, or null if the clause offers no opportunity.</param>
internal sealed record Violation(string Name, string Description, Func<Clause, Random, IEnumerable<string>?> Apply);
