namespace AdaLora.Benchmarks;

/// <summary>What one benchmark found under one set of conditions.</summary>
/// <param name="Title">The conditions.</param>
/// <param name="Rows">The contenders; not all need have the same figures. None where nothing was measured; the note says why.</param>
/// <param name="Note">What must be known to read it; null for nothing.</param>
internal sealed record BenchmarkTable(string Title, IReadOnlyList<BenchmarkRow> Rows, string? Note = null);
