using AdaLora.Experiments.Programs;

namespace AdaLora.Experiments.Tasks;

/// <summary>Something to fine-tune a model for: all that this library knows of a task.</summary>
internal interface ITask
{
    /// <summary>The name on the command line, such as "sst2".</summary>
    string Name { get; }

    /// <summary>The name of its folder among those of all tasks.</summary>
    string Folder { get; }

    /// <summary>The metric that chooses the best evaluation.</summary>
    string PrimaryMetric { get; }

    /// <summary>The settings that a run has unless others are given.</summary>
    PaperSettings Paper { get; }

    /// <summary>Reads and encodes data sets for a checkpoint; mistakes in them are found before the model is loaded.</summary>
    /// <exception cref="UserInputException">Data are missing, or cannot be used.</exception>
    ITaskData Read(TaskInputs inputs);
}
