namespace AdaLora.Experiments.Tasks;

/// <summary>The result of an evaluation.</summary>
/// <param name="metrics">The task's metrics in its order; null where undefined.</param>
/// <param name="loss">The mean loss.</param>
internal sealed class TaskScores(IReadOnlyDictionary<string, double?> metrics, double loss)
{
    public IReadOnlyDictionary<string, double?> Metrics => metrics;

    public double Loss => loss;

    /// <summary>Files that say more about the evaluation, by name: what creates the content of each.</summary>
    public IReadOnlyDictionary<string, Func<string>> Files { get; init; } = new Dictionary<string, Func<string>>();
}
