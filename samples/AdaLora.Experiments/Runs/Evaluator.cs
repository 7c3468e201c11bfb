using AdaLora.Experiments.Tasks;

namespace AdaLora.Experiments.Runs;

/// <summary>Evaluates a model of a task and keeps all results.</summary>
/// <param name="model">The model.</param>
/// <param name="primaryMetric">The metric that counts.</param>
/// <param name="keptAside">Examples of the training set to evaluate on; none for the dev set.</param>
internal sealed class Evaluator(ITaskModel model, string primaryMetric, IReadOnlyList<int> keptAside)
{
    /// <summary>The result of the latest evaluation.</summary>
    public TaskScores Latest { get; private set; } = new(new Dictionary<string, double?>(), double.NaN);

    /// <returns>The primary metric; NaN where it is undefined, for example for constant predictions of a regression.</returns>
    public double Evaluate()
    {
        Latest = keptAside.Count == 0 ? model.Evaluate() : model.Evaluate(keptAside);
        return Latest.Metrics[primaryMetric] ?? double.NaN;
    }
}
