using System.Globalization;
using AdaLora.Experiments.Tasks;

namespace AdaLora.Glue.Tasks;

/// <summary>What must be known about a task of the GLUE benchmark (Wang et al., 2019) to read its files, train on it and evaluate the result.</summary>
internal sealed class GlueTask : ITask
{
    /// <summary>The name on the command line, such as "sst2".</summary>
    public required string Name { get; init; }

    /// <summary>The name of the folder in the official archive, such as "SST-2".</summary>
    public required string Folder { get; init; }

    public required GlueColumns Columns { get; init; }

    /// <summary>The columns of the text and of the second one in the parquet files of the Hugging Face hub, whose label column is "label" and holds class indices or scores.</summary>
    public required (string Text, string? Pair) HubColumns { get; init; }

    /// <summary>The class names in the order of their indices; empty for a regression task.</summary>
    public required IReadOnlyList<string> ClassNames { get; init; }

    /// <summary>How the label column spells each class, in the order of <see cref="ClassNames"/>.</summary>
    public required IReadOnlyList<string> LabelSpellings { get; init; }

    /// <summary>The task's metrics in reporting order. The first one chooses the best evaluation.</summary>
    public required IReadOnlyList<string> Metrics { get; init; }

    /// <summary>Whether a text may have several classes, or none.</summary>
    public bool HasSeveralLabels { get; init; }

    /// <summary>The parts of the dev and test sets, each in its own file; the first one's metrics choose the best evaluation.</summary>
    public IReadOnlyList<GluePart> Parts { get; init; } = [GluePart.Whole];

    /// <summary>The default settings of a run.</summary>
    public PaperSettings Paper { get; init; } = PaperSettings.Usual;

    /// <summary>The scores a regression task allows.</summary>
    public (double Low, double High) ScoreRange { get; init; }

    public bool IsRegression => ClassNames.Count == 0;

    public bool IsPair => Columns.Pair is not null;

    /// <summary>The number of outputs of the task's head: one per class, or one score.</summary>
    public int LabelCount => IsRegression ? 1 : ClassNames.Count;

    /// <summary>Numbers that make up the label of an example: its class or score, or one per class that says whether it has it.</summary>
    public int LabelWidth => HasSeveralLabels ? ClassNames.Count : 1;

    public string PrimaryMetric => Metrics[0];

    /// <summary>What a cell of the label column may hold, in words.</summary>
    public string ExpectedLabel => IsRegression
        ? string.Create(CultureInfo.InvariantCulture, $"a score from {ScoreRange.Low} to {ScoreRange.High}")
        : string.Join(" or ", LabelSpellings);

    /// <summary>The class index or score that a cell of the label column stands for; null if it is not one of this task's.</summary>
    public double? ParseLabel(string cell)
    {
        const NumberStyles PlainNumber = NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent | NumberStyles.AllowLeadingSign;
        if (IsRegression)
            return double.TryParse(cell, PlainNumber, CultureInfo.InvariantCulture, out var score) && score >= ScoreRange.Low && score <= ScoreRange.High ? score : null;
        for (var index = 0; index < LabelSpellings.Count; index++)
        {
            if (LabelSpellings[index] == cell)
                return index;
        }

        return null;
    }

    public string? FindProblemOfData(string? path) => path is null
        ? $"name the GLUE folder or its folder {Folder}"
        : Directory.Exists(path) ? null : $"the folder '{path}' does not exist; give the folder of all tasks or its folder {Folder}";

    /// <summary>Where its examples come from.</summary>
    public GlueExamples ExamplesOf(TaskInputs inputs) => new(this, (split, part) => GlueReader.Read(inputs.Data, this, split, part, inputs.Reporter.Note));

    public ITaskData Read(TaskInputs inputs) => GlueData.Read(ExamplesOf(inputs), inputs);

    public override string ToString() => Name;
}
