using AdaLora.Transformers.Hub;

namespace AdaLora.Glue;

/// <summary>Checks settings as a whole, so that the user mends all mistakes at once.</summary>
internal static class TrainSettingsValidation
{
    /// <exception cref="UserInputException">The settings cannot be used; the message lists every problem.</exception>
    public static TrainSettings Validated(this TrainSettings settings)
    {
        var problems = Problems(settings).ToList();
        return problems.Count == 0 ? settings : throw new UserInputException(string.Join("; ", problems) + ".");
    }

    private static IEnumerable<string> Problems(TrainSettings s) =>
        Folders(s).Concat(Amounts(s)).Concat(Rates(s)).Concat(Phases(s));

    private static IEnumerable<string> Folders(TrainSettings s)
    {
        if (!Directory.Exists(s.Data))
            yield return $"{TrainOptionNames.Data}: there is no folder '{s.Data}'; give the GLUE folder or its folder {s.Task.Folder}";
        if (!Directory.Exists(s.Model) && !HubCheckpoint.IsName(s.Model))
            yield return $"{TrainOptionNames.Model}: there is no folder '{s.Model}'; give a checkpoint folder with config.json, model.safetensors and vocab.txt, or a name on the Hugging Face hub such as microsoft/deberta-v3-base";
        if (File.Exists(s.OutputFolder))
            yield return $"{TrainOptionNames.Output}: '{s.OutputFolder}' is a file; give a folder";
        if (File.Exists(s.TensorBoard))
            yield return $"{TrainOptionNames.TensorBoard}: '{s.TensorBoard}' is a file; give a folder";
        if (!s.Resume && s.CheckpointEvery > 0 && Directory.Exists(s.CheckpointFolder) && Directory.EnumerateFiles(s.CheckpointFolder, "checkpoint-*.safetensors").Any())
            yield return $"{TrainOptionNames.Output}: '{s.CheckpointFolder}' holds the checkpoints of a run that did not end; go on with it with {TrainOptionNames.Resume}, or delete the folder to begin anew";
    }

    private static IEnumerable<string> Amounts(TrainSettings s)
    {
        (string Name, int? Value, int Least)[] amounts =
        [
            (TrainOptionNames.Seed, s.Seed, 0),
            (TrainOptionNames.Epochs, s.Epochs, 1),
            (TrainOptionNames.BatchSize, s.BatchSize, 1),
            (TrainOptionNames.MaxLength, s.MaxLength, 4),
            (TrainOptionNames.InitialRank, s.InitialRank, 1),
            (TrainOptionNames.TargetRank, s.TargetRank, 1),
            (TrainOptionNames.DeltaT, s.DeltaT, 1),
            (TrainOptionNames.Bottleneck, s.Bottleneck, 1),
            (TrainOptionNames.VirtualTokens, s.VirtualTokens, 1),
            (TrainOptionNames.MaxSteps, s.MaxSteps, 1),
            (TrainOptionNames.Limit, s.Limit, 1),
            (TrainOptionNames.EvalEvery, s.EvalEvery, 1),
            (TrainOptionNames.CheckpointEvery, s.CheckpointEvery, 0),
            (TrainOptionNames.Threads, s.Threads, 1),
        ];
        foreach (var (name, value, least) in amounts)
            if (value < least)
                yield return $"{name}: must be at least {least}, is {value}";
        if (s.Method.Options.Contains(TrainOptionNames.InitialRank) && s.TargetRank > s.InitialRank)
            yield return $"{TrainOptionNames.TargetRank}: must be at most the initial rank {s.InitialRank}, is {s.TargetRank}";
    }

    private static IEnumerable<string> Rates(TrainSettings s)
    {
        (string Name, double Value, bool Valid, string Expected)[] rates =
        [
            (TrainOptionNames.LearningRate, s.EffectiveLearningRate, s.EffectiveLearningRate > 0, "above 0"),
            (TrainOptionNames.WeightDecay, s.WeightDecay, s.WeightDecay >= 0, "at least 0"),
            (TrainOptionNames.Clip, s.Clip, s.Clip >= 0, "at least 0"),
            (TrainOptionNames.Dropout, s.Dropout, s.Dropout is >= 0 and < 1, "at least 0 and below 1"),
            (TrainOptionNames.Alpha, s.Alpha, s.Alpha > 0, "above 0"),
            (TrainOptionNames.Gamma, s.Gamma, s.Gamma >= 0, "at least 0"),
        ];
        foreach (var (name, value, valid, expected) in rates)
            if (!valid || !double.IsFinite(value))
                yield return FormattableString.Invariant($"{name}: must be {expected}, is {value}");
    }

    private static IEnumerable<string> Phases(TrainSettings s)
    {
        (string Name, StepCount Value)[] phases =
            [(TrainOptionNames.Warmup, s.Warmup), (TrainOptionNames.InitialPhase, s.InitialPhase), (TrainOptionNames.FinalPhase, s.FinalPhase)];
        foreach (var (name, value) in phases)
            if (!value.IsValid)
                yield return $"{name}: must be a fraction of the run below 1 or a whole number of steps, is {value}";
        if (s.InitialPhase.IsFraction && s.FinalPhase.IsFraction && s.InitialPhase.Value + s.FinalPhase.Value >= 1)
            yield return $"{TrainOptionNames.InitialPhase} and {TrainOptionNames.FinalPhase}: {s.InitialPhase} and {s.FinalPhase} of the run leave no steps for pruning";
    }
}
