using System.Text.Json.Serialization;

namespace AdaLora.Glue;

/// <summary>What the dev set said at one point of training.</summary>
/// <param name="Step">Optimiser steps done.</param>
/// <param name="Epoch">Passes over the training set done, with a fraction within one.</param>
/// <param name="Metrics">The task's metrics in its order; null where undefined.</param>
/// <param name="Loss">The mean loss without the orthogonality penalty.</param>
[JsonConverter(typeof(EvaluationJsonConverter))]
internal sealed record Evaluation(int Step, double Epoch, IReadOnlyDictionary<string, double?> Metrics, double Loss)
{
    /// <summary>The evaluation with the highest primary metric, the earlier of equals; null when none has a value for it.</summary>
    public static Evaluation? Best(GlueTask task, IEnumerable<Evaluation> evaluations) =>
        evaluations.Where(evaluation => evaluation.Metrics[task.PrimaryMetric] is not null)
            .MaxBy(evaluation => evaluation.Metrics[task.PrimaryMetric]);
}
