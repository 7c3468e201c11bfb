using System.Text.Json.Nodes;
using AdaLora.Experiments.Programs;
using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace AdaLora.Experiments.Tasks;

/// <summary>The data of a task, encoded for a checkpoint.</summary>
internal interface ITaskData
{
    /// <summary>Examples of the training set; 0 if it was not requested.</summary>
    int Count { get; }

    /// <summary>The length of an example of the training set, in tokens.</summary>
    int LengthOf(int example);

    /// <summary>The group of an example of the training set, such as a text with several questions: examples of a group are either all trained on or all kept aside.</summary>
    int GroupOf(int example) => example;

    /// <summary>What was found in the training set and is needed to load a run's model without it, such as the classes; null if nothing is.</summary>
    JsonObject? Found => null;

    /// <summary>Loads the checkpoint, with new parts where the task needs them.</summary>
    /// <param name="device">Where to put it.</param>
    /// <param name="logger">Receives a warning about what the checkpoint lacks.</param>
    /// <exception cref="UserInputException">The checkpoint does not fit the data.</exception>
    ITaskModel LoadModel(Device device, ILogger? logger = null);
}
