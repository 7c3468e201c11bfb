using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Reports;
using AdaLora.Experiments.Settings;

namespace AdaLora.Experiments.Runs;

/// <summary>Recognises a finished run by its folder, so that it need not be repeated.</summary>
internal static class FinishedRun
{
    /// <summary>The record of the run that <paramref name="settings"/> describe; null if it has not finished yet.</summary>
    /// <exception cref="UserInputException">The folder holds another run's results; all options that differ are named.</exception>
    public static RunRecord? Find(RunSettings settings)
    {
        if (!File.Exists(Path.Combine(settings.OutputFolder, RunFiles.Metrics)))
            return null;
        var record = SavedRun.ReadRecord(settings.OutputFolder);
        if (record.Status != RunStatus.Completed)
            return null;
        // In earlier versions, defaults depended on the official data of the task even if a run had others.
        RunSettings[] candidates = [settings.WithSteps(record.TotalSteps), settings];
        var differences = candidates.Select(candidate => RecordedSettings.Differences(candidate, record.Options).ToList()).MinBy(found => found.Count)!;
        return differences.Count == 0
            ? record
            : throw new UserInputException($"'{settings.OutputFolder}' holds the results of another run ({string.Join("; ", differences)}). Choose another {RunOptions.Output}, or delete the folder.");
    }
}
