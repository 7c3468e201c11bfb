using System.Text.Json.Nodes;

namespace AdaLora.Experiments.Tasks;

/// <summary>A checkpoint loaded for a task, with the task's data.</summary>
internal interface ITaskModel : IDisposable
{
    BaseModel Base { get; }

    /// <summary>Makes a batch of these examples of the training set, on any thread.</summary>
    TaskBatch Encode(IReadOnlyList<int> examples);

    /// <summary>Evaluates the model on the data set that is kept for it.</summary>
    TaskScores Evaluate();

    /// <summary>Asks the model; answers come as they are asked for.</summary>
    /// <param name="inputs">Each is one text, or as many as the task takes.</param>
    IEnumerable<JsonObject> Predict(IEnumerable<IReadOnlyList<string>> inputs);

    /// <summary>Writes a checkpoint that needs no adapters.</summary>
    /// <param name="folder">Where to.</param>
    void SaveCheckpoint(string folder);
}
