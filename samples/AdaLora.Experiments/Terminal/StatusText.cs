using System.Globalization;
using AdaLora.Experiments.Reports;

namespace AdaLora.Experiments.Terminal;

/// <summary>One line about where training stands.</summary>
internal static class StatusText
{
    private const int Million = 1_000_000;

    /// <summary>The figures of a step, without the step itself; those that the method does not have are omitted.</summary>
    public static string Figures(TrainingStatus status)
    {
        List<string> parts = [$"loss {Formats.Loss(status.Loss)}"];
        if (status.Penalty is { } penalty)
            parts.Add($"penalty {Formats.Loss(penalty)}");
        if (status.Budget is { } budget)
            parts.Add($"budget {budget}");
        if (status.LiveRank is { } rank)
            parts.Add($"rank {rank}");
        parts.Add($"lr {Formats.Number(status.LearningRate)}");
        if (status.LossScale is { } scale)
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"scale {scale}"));
        if (status.SkippedSteps > 0)
            parts.Add($"skipped {status.SkippedSteps}");
        if (status.SamplesPerSecond > 0)
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{status.SamplesPerSecond:0} samples/s"));
        if (status.DeviceMegabytes is { } megabytes)
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"card {megabytes:0} MB"));
        parts.Add($"{Formats.Duration(status.Remaining)} left");
        return string.Join("  ", parts);
    }

    /// <summary>How much of a file has arrived, in the unit that suits its size.</summary>
    public static string Downloaded(long received, long? total)
    {
        var (unit, name) = (total ?? received) >= Million ? (Million, "MB") : (1000, "kB");
        string Amount(long bytes) => (bytes / (double)unit).ToString("0.0", CultureInfo.InvariantCulture);
        return total is { } whole ? $"{Amount(received)} of {Amount(whole)} {name}" : $"{Amount(received)} {name}";
    }

    /// <summary>How many texts of a file are tokenized.</summary>
    public static string Tokenized(int done, int total) => string.Create(CultureInfo.InvariantCulture, $"{done:N0} of {total:N0} texts");

    public static string Evaluated(TaskEvaluation evaluation)
    {
        var metrics = evaluation.Metrics.Select(metric => $"{metric.Key} {Formats.Metric(metric.Value)}");
        return string.Create(CultureInfo.InvariantCulture,
            $"dev at step {evaluation.Step} (epoch {evaluation.Epoch:0.##}): {string.Join("  ", metrics)}  loss {Formats.Loss(evaluation.Loss)}");
    }
}
