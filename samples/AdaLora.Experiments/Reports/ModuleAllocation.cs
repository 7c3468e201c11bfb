namespace AdaLora.Experiments.Reports;

/// <summary>What an adapted matrix has at some step.</summary>
/// <param name="Module">The full name of the module.</param>
/// <param name="Rank">The triplets it is left.</param>
/// <param name="Importance">The mean importance of these; null when it has none, or when importance is not tracked: by other methods, and once ranks are settled.</param>
internal sealed record ModuleAllocation(string Module, int Rank, double? Importance);
