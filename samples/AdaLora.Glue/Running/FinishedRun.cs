using System.Text.Json.Nodes;

namespace AdaLora.Glue;

/// <summary>Knows a run that has ended from its folder, so that it need not be done again.</summary>
internal static class FinishedRun
{
    /// <summary>Options that make no difference to what a run results in.</summary>
    private static readonly string[] Indifferent =
        [TrainOptionNames.Output, TrainOptionNames.TensorBoard, TrainOptionNames.Device, TrainOptionNames.Threads, TrainOptionNames.CheckpointEvery];

    /// <summary>The record of the run that <paramref name="settings"/> ask for; null when it has not ended yet.</summary>
    /// <exception cref="UserInputException">The folder holds another run's results; all options that differ are named.</exception>
    public static RunRecord? Find(TrainSettings settings)
    {
        if (!File.Exists(Path.Combine(settings.OutputFolder, RunFiles.Metrics)))
            return null;
        var record = SavedRun.Open(settings.OutputFolder).Record;
        if (record.Status != RunStatus.Completed)
            return null;
        var differences = Differences(settings, record.Options).ToList();
        return differences.Count == 0
            ? record
            : throw new UserInputException($"'{settings.OutputFolder}' holds the results of another run ({string.Join("; ", differences)}). Give another {TrainOptionNames.Output}, or delete the folder.");
    }

    private static IEnumerable<string> Differences(TrainSettings settings, JsonObject recorded)
    {
        var ignored = TrainingMethods.OptionsIgnoredBy([settings.Method]).Concat(Indifferent).ToHashSet();
        foreach (var (key, value) in RunRecords.Options(settings))
        {
            var option = TrainOptionNames.OfKey(key);
            if (!ignored.Contains(option) && Text(value) != Text(recorded[key]))
                yield return $"{option}: {Text(recorded[key])} there, {Text(value)} here";
        }
    }

    private static string Text(JsonNode? value) => value?.ToJsonString() ?? "none";
}
