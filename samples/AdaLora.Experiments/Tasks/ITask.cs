using AdaLora.Experiments.Programs;

namespace AdaLora.Experiments.Tasks;

/// <summary>Something to fine-tune a model for: all that this library knows about a task.</summary>
internal interface ITask
{
    /// <summary>The name on the command line, such as "sst2".</summary>
    string Name { get; }

    /// <summary>The name of its folder among those of all tasks.</summary>
    string Folder { get; }

    /// <summary>The metric that chooses the best evaluation.</summary>
    string PrimaryMetric { get; }

    /// <summary>The default settings of a run.</summary>
    PaperSettings Paper { get; }

    /// <summary>What is wrong with what a run was given as its data; null if nothing is. Reading says more.</summary>
    /// <param name="path">A file or folder; null if none was given.</param>
    string? FindProblemOfData(string? path);

    /// <summary>Reads and encodes data sets for a checkpoint; mistakes in them are found before the model is loaded.</summary>
    /// <exception cref="UserInputException">Data is missing, or cannot be used.</exception>
    ITaskData Read(TaskInputs inputs);
}
