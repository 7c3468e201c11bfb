using System.Text.Json.Nodes;
using AdaLora.Experiments.Reports;
using AdaLora.Processes;
using TorchSharp;

namespace AdaLora.Experiments.Tasks;

/// <summary>What a task needs to read its data and to load a model.</summary>
internal sealed class TaskInputs
{
    /// <summary>The folder of the pre-trained checkpoint.</summary>
    public required string Checkpoint { get; init; }

    /// <summary>The folder of all tasks' data or of the task's own.</summary>
    public required string Data { get; init; }

    public required DataSets Sets { get; init; }

    /// <summary>What the options of the run say, those of the task itself included.</summary>
    public required IOptionValues Options { get; init; }

    /// <summary>What <see cref="ITaskData.Found"/> was when the run was trained; null while it is trained.</summary>
    public JsonObject? Found { get; init; }

    /// <summary>Tokens per example, special ones included; longer texts are truncated.</summary>
    public required int MaxLength { get; init; }

    /// <summary>Uses only the first examples of each set; null for all.</summary>
    public int? Limit { get; init; }

    /// <summary>The element type of the model's weights.</summary>
    public torch.ScalarType Dtype { get; init; } = torch.ScalarType.Float32;

    /// <summary>The seed of what is new in the model.</summary>
    public required int Seed { get; init; }

    /// <summary>Receives reports of what takes long, and of examples that are skipped.</summary>
    public required IRunReporter Reporter { get; init; }

    /// <summary>The processes that evaluate together.</summary>
    public IProcessGroup Group { get; init; } = ProcessGroup.Single;

    public CancellationToken Cancellation { get; init; }
}
