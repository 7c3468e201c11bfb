namespace AdaLora.Experiments.Reports;

/// <summary>The state of an adapted matrix at some step.</summary>
/// <param name="Module">The full name of the module.</param>
/// <param name="Rank">The triplets that it has left.</param>
/// <param name="Importance">The mean importance of these; null if it has none, or if importance is not tracked: by other methods, and once ranks are settled.</param>
internal sealed record ModuleAllocation(string Module, int Rank, double? Importance);
