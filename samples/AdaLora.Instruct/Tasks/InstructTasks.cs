using AdaLora.Experiments.Methods;
using AdaLora.Experiments.Settings;

namespace AdaLora.Instruct.Tasks;

/// <summary>What this application can train.</summary>
internal static class InstructTasks
{
    private const int TextLength = 512;
    private const int TextsPerStep = 16;

    public static Catalog Catalog { get; } = new()
    {
        Name = "text",
        Tasks = [InstructTask.Instance],
        Methods = [TrainingMethods.AdaLora, TrainingMethods.SvdLora, TrainingMethods.Lora, TrainingMethods.PruneLora, TrainingMethods.BitFit, TrainingMethods.Full],
        Options = [.. InstructOptions.All, .. RunOptions.All.Where(option => option != RunOptions.Task)],
        Defaults = settings => settings
            .With(RunOptions.MaxLength, TextLength)
            .With(RunOptions.BatchSize, TextsPerStep)
            .With(RunOptions.InitialRank, 8)
            .With(RunOptions.TargetRank, 4)
            .With(RunOptions.Alpha, 16.0)
            .With(RunOptions.Dropout, 0.0)
            .With(RunOptions.WeightDecay, 0.0),
        TaskOf = _ => InstructTask.Instance,
        DataDescription = "A file of JSON lines with messages, prompt and completion, or text, or a CSV file with columns; or a folder with train.jsonl and valid.jsonl.",
        OptionsOfEvaluation = [InstructOptions.Generated],
        EvaluatedOn = (settings, path) => Directory.Exists(path) ? settings.With(RunOptions.Data, path).With(InstructOptions.Dev, null) : settings.With(InstructOptions.Dev, path),
    };
}
