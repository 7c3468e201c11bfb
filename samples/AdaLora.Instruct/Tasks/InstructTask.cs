using AdaLora.Experiments.Tasks;

namespace AdaLora.Instruct.Tasks;

/// <summary>Continuing texts: conversations, prompts, or any other.</summary>
internal sealed class InstructTask : ITask
{
    public static InstructTask Instance { get; } = new();

    public string Name => "instruct";

    public string Folder => "instruct";

    public string PrimaryMetric => InstructModel.LogLikelihood;

    // A tenth of a run before pruning, four tenths after it.
    public PaperSettings Paper { get; } = new(1e-3, 2, 0.1, 100, 10, 400, 8000, 16);

    public string? FindProblemOfData(string? path) => File.Exists(path) || Directory.Exists(path) ? null
        : $"{(path is null ? "nothing is given" : $"'{path}' does not exist")}; give a file of JSON lines or CSV, or a folder with train.jsonl and valid.jsonl";

    public ITaskData Read(TaskInputs inputs) => new InstructData(inputs);

    public override string ToString() => Name;
}
