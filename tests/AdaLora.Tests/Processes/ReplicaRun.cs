using AdaLora.Training;

namespace AdaLora.Tests.Processes;

/// <summary>The patterns and the SHA-256 of the weights after each step of a training.</summary>
internal sealed record ReplicaRun(TrainingResult Result, List<string> Patterns, List<string> Hashes);
