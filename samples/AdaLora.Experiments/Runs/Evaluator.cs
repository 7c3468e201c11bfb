using AdaLora.Experiments.Tasks;

namespace AdaLora.Experiments.Runs;

/// <summary>Evaluates a model of a task and keeps all results.</summary>
internal sealed class Evaluator(ITaskModel model, string primaryMetric)
{
    /// <summary>The result of the latest evaluation.</summary>
    public TaskScores Latest { get; private set; } = new(new Dictionary<string, double?>(), double.NaN);

    /// <returns>The primary metric; NaN where it is undefined, for example for constant predictions of a regression.</returns>
    public double Evaluate()
    {
        Latest = model.Evaluate();
        return Latest.Metrics[primaryMetric] ?? double.NaN;
    }
}
