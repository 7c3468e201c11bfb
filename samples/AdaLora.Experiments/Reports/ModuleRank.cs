namespace AdaLora.Experiments.Reports;

/// <summary>The rank an adapted matrix started with and the rank it ended with.</summary>
/// <param name="Module">The full name of the module, such as "bert.encoder.layer.3.attention.self.query".</param>
/// <param name="InitialRank">The triplets it was given.</param>
/// <param name="FinalRank">The triplets it kept.</param>
internal sealed record ModuleRank(string Module, int InitialRank, int FinalRank);
