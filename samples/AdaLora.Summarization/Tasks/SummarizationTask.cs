using AdaLora.Experiments.Tasks;
using AdaLora.Summarization.Data;
using AdaLora.Summarization.Scores;

namespace AdaLora.Summarization.Tasks;

/// <summary>Writing summaries of texts.</summary>
internal sealed class SummarizationTask : ITask
{
    public required string Name { get; init; }

    public string Folder => Name;

    public string PrimaryMetric => SummaryScores.Primary;

    public required PaperSettings Paper { get; init; }

    /// <summary>The column of the texts, as the hub names it.</summary>
    public required string TextColumn { get; init; }

    /// <summary>That of the summaries.</summary>
    public required string SummaryColumn { get; init; }

    /// <summary>Tokens of a text.</summary>
    public required int SourceLength { get; init; }

    /// <summary>Tokens of a summary.</summary>
    public required int TargetLength { get; init; }

    /// <summary>Tokens that a summary has at least.</summary>
    public int MinTargetLength { get; init; }

    public required int Beams { get; init; }

    public required double LengthPenalty { get; init; }

    public string? FindProblemOfData(string? path) => Directory.Exists(path) || File.Exists(path)
        ? null
        : $"'{path}' does not exist; give a folder with a training set and a dev set, such as train.jsonl and dev.jsonl, or a training set ({DocumentFile.Endings})";

    public ITaskData Read(TaskInputs inputs) => new SummarizationData(inputs);

    public override string ToString() => Name;
}
