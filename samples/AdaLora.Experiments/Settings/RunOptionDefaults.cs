namespace AdaLora.Experiments.Settings;

/// <summary>Defaults of options that depend on others.</summary>
internal static class RunOptionDefaults
{
    /// <summary>Optimiser steps of a run; before its data has been read, as many as there are if the data are the official ones.</summary>
    public static long ExpectedSteps(RunSettings run)
    {
        if (run.Steps is { } known)
            return known;
        var rows = Math.Max(1, Math.Min(run.Get(RunOptions.Limit) ?? int.MaxValue, run.Task.Paper.Rows));
        var steps = (long)Math.Ceiling(rows / (double)Math.Max(1, run.Get(RunOptions.BatchSize))) * run.Get(RunOptions.Epochs) / Math.Max(1, run.Get(RunOptions.Accumulate));
        return Math.Max(1, Math.Min(run.Get(RunOptions.MaxSteps) ?? long.MaxValue, steps));
    }
}
