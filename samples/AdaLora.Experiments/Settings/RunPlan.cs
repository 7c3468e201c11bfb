namespace AdaLora.Experiments.Settings;

/// <summary>What a run would train.</summary>
/// <param name="Text">What is trained and what is not, with counts, for the reader; and whatever stands in the way.</param>
/// <param name="IsPossible">Whether the run could begin.</param>
internal sealed record RunPlan(string Text, bool IsPossible);
