using System.Text.Json.Nodes;

namespace AdaLora.Experiments.Tasks;

/// <summary>A checkpoint loaded for a task, with the task's data.</summary>
internal interface ITaskModel : IDisposable
{
    BaseModel Base { get; }

    /// <summary>Whether the tokens of a step count alike, however they are spread over its batches, rather than the batches.</summary>
    bool SumsLosses => false;

    /// <summary>Creates a batch of these examples of the training set, on any thread.</summary>
    TaskBatch Encode(IReadOnlyList<int> examples);

    /// <summary>Evaluates the model on the data set that is held out for it.</summary>
    TaskScores Evaluate();

    /// <summary>Evaluates the model on these examples of the training set, with the same metrics.</summary>
    TaskScores Evaluate(IReadOnlyList<int> examples);

    /// <summary>Queries the model; answers are computed as they are enumerated.</summary>
    /// <param name="inputs">Each is one text, or as many as the task takes.</param>
    IEnumerable<JsonObject> Predict(IEnumerable<IReadOnlyList<string>> inputs);

    /// <summary>Writes a checkpoint that needs no adapters.</summary>
    /// <param name="folder">Where to.</param>
    void SaveCheckpoint(string folder);
}
