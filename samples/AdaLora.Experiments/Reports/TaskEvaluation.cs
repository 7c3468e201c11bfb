using System.Text.Json.Serialization;

namespace AdaLora.Experiments.Reports;

/// <summary>The results on the dev set at one point of training.</summary>
/// <param name="Step">Optimiser steps done.</param>
/// <param name="Epoch">Passes over the training set done, with a fraction within one.</param>
/// <param name="Metrics">The task's metrics in its order; null where undefined.</param>
/// <param name="Loss">The mean loss without the orthogonality penalty.</param>
[JsonConverter(typeof(TaskEvaluationJsonConverter))]
internal sealed record TaskEvaluation(int Step, double Epoch, IReadOnlyDictionary<string, double?> Metrics, double Loss)
{
    /// <summary>The evaluation with the highest primary metric, the earlier one if equal; null if none has a value for it.</summary>
    public static TaskEvaluation? Best(string primaryMetric, IEnumerable<TaskEvaluation> evaluations) =>
        evaluations.Where(evaluation => evaluation.Metrics[primaryMetric] is not null)
            .MaxBy(evaluation => evaluation.Metrics[primaryMetric]);
}
