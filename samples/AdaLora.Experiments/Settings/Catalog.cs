using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Tasks;

namespace AdaLora.Experiments.Settings;

/// <summary>What an application can train: its tasks, and the methods.</summary>
internal sealed class Catalog
{
    /// <summary>What the tasks are together, such as "GLUE".</summary>
    public required string Name { get; init; }

    public required IReadOnlyList<ITask> Tasks { get; init; }

    /// <summary>In the order of help texts and tables; the first is the default.</summary>
    public required IReadOnlyList<TrainingMethod> Methods { get; init; }

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
