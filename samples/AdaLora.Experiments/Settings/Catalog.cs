using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Tasks;

namespace AdaLora.Experiments.Settings;

/// <summary>What an application can train: its tasks, the methods, and the options of a run.</summary>
internal sealed class Catalog
{
    /// <summary>What the tasks are together, such as "GLUE".</summary>
    public required string Name { get; init; }

    public required IReadOnlyList<ITask> Tasks { get; init; }

    /// <summary>In the order of help texts and tables; the first is the default.</summary>
    public required IReadOnlyList<TrainingMethod> Methods { get; init; }

    /// <summary>The options of a run in the order of help texts and of metrics.json: all that are shared, unless some make no sense here, and those of the tasks.</summary>
    public IReadOnlyList<RunOption> Options { get; init; } = RunOptions.All;

    /// <summary>What holds where a run says nothing else, in place of the shared defaults.</summary>
    public Func<RunSettings, RunSettings> Defaults { get; init; } = settings => settings;

    /// <summary>Finds the task of a run that names none by its other options, or returns null; null if every run must name its task.</summary>
    public Func<RunSettings, ITask?>? TaskOf { get; init; }

    /// <summary>What the data are that a run is given, as the help says it; null for a folder of all tasks.</summary>
    public string? DataDescription { get; init; }

    /// <summary>The options that an evaluation of a finished run may change.</summary>
    public IReadOnlyList<RunOption> OptionsOfEvaluation { get; init; } = [];

    /// <summary>The settings of a finished run with other data to evaluate on.</summary>
    public Func<RunSettings, string, RunSettings> EvaluatedOn { get; init; } = (settings, path) => settings.With(RunOptions.Data, path);

    public string TaskNames => string.Join(", ", Tasks.Select(task => task.Name));

    public string MethodNames => string.Join(", ", Methods.Select(method => method.Name));

    /// <summary>The task with this name or this folder, in any letter case.</summary>
    /// <exception cref="UserInputException">There is no such task.</exception>
    public ITask FindTask(string name) =>
        Tasks.FirstOrDefault(task => Is(task.Name, name) || Is(task.Folder, name)) ?? throw new UserInputException($"Unknown task '{name}'. Use one of: {TaskNames}.");

    /// <exception cref="UserInputException">There is no such method.</exception>
    public TrainingMethod FindMethod(string name) =>
        Methods.FirstOrDefault(method => Is(method.Name, name)) ?? throw new UserInputException($"Unknown method '{name}'. Use one of: {MethodNames}.");

    private static bool Is(string known, string name) => string.Equals(known, name, StringComparison.OrdinalIgnoreCase);
}
