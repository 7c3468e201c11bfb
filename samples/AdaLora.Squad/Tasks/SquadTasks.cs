using AdaLora.Experiments.Methods;
using AdaLora.Experiments.Settings;

namespace AdaLora.Squad.Tasks;

/// <summary>What this application can train.</summary>
internal static class SquadTasks
{
    private const int WindowLength = 384;
    private const int QuestionsPerStep = 16;

    public static Catalog Catalog { get; } = new()
    {
        Name = "SQuAD",
        Tasks = [SquadTask.Version1, SquadTask.Version2],
        Methods = TrainingMethods.All,
        Options = [.. SquadOptions.All, .. RunOptions.All.Where(option => option != RunOptions.Task)],
        Defaults = settings => settings.With(RunOptions.MaxLength, WindowLength).With(RunOptions.BatchSize, QuestionsPerStep),
        TaskOf = settings => settings.Get(SquadOptions.Version) == 2 ? SquadTask.Version2 : SquadTask.Version1,
        DataDescription = "A folder with train-v1.1.json and dev-v1.1.json (or v2.0), or a training set in SQuAD's format.",
        OptionsOfEvaluation = SquadOptions.OfEvaluation,
        EvaluatedOn = (settings, path) => Directory.Exists(path) ? settings.With(RunOptions.Data, path).With(SquadOptions.Dev, null) : settings.With(SquadOptions.Dev, path),
    };
}
