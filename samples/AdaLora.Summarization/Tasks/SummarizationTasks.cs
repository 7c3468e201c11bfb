using AdaLora.Experiments.Methods;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using AdaLora.Summarization.Data;

namespace AdaLora.Summarization.Tasks;

/// <summary>
/// What this application can train. Phases and lengths of both published tasks are those of AdaLoRA's paper; minimum lengths and length penalties are those of the published BART models for them.
/// </summary>
internal static class SummarizationTasks
{
    /// <summary>One-sentence summaries of news (Narayan et al., 2018).</summary>
    public static SummarizationTask XSum { get; } = new()
    {
        Name = "xsum",
        Paper = new PaperSettings(5e-4, 25, 0.1, 6000, 100, 50_000, 204_045, 64),
        TextColumn = "document",
        SummaryColumn = "summary",
        SourceLength = 768,
        TargetLength = 64,
        MinTargetLength = 11,
        Beams = 8,
        LengthPenalty = 1,
    };

    /// <summary>Highlights of news (Hermann et al., 2015).</summary>
    public static SummarizationTask CnnDailyMail { get; } = new()
    {
        Name = "cnn_dailymail",
        Paper = new PaperSettings(5e-4, 15, 0.1, 5000, 100, 85_000, 287_113, 32),
        TextColumn = "article",
        SummaryColumn = "highlights",
        SourceLength = 1024,
        TargetLength = 160,
        MinTargetLength = 56,
        Beams = 4,
        LengthPenalty = 2,
    };

    /// <summary>A person's own texts.</summary>
    public static SummarizationTask Own { get; } = new()
    {
        Name = "texts",
        Paper = PaperSettings.Usual,
        TextColumn = "text",
        SummaryColumn = "summary",
        SourceLength = 512,
        TargetLength = 128,
        Beams = 4,
        LengthPenalty = 1,
    };

    public static Catalog Catalog { get; } = new()
    {
        Name = "summarisation",
        Tasks = [XSum, CnnDailyMail, Own],
        // Prompts and prefixes are for encoders alone, and nothing is new for the task.
        Methods = [.. TrainingMethods.All.Except([TrainingMethods.Prefix, TrainingMethods.Prompt, TrainingMethods.Frozen])],
        Options = [.. RunOptions.All.Where(option => option != RunOptions.MaxLength), .. SummarizationOptions.All],
        TaskOf = _ => Own,
        DataDescription = $"A folder with train and dev ({DocumentFile.Endings}), or a training set.",
        OptionsOfEvaluation = SummarizationOptions.OfEvaluation,
        EvaluatedOn = (settings, path) => Directory.Exists(path) ? settings.With(RunOptions.Data, path).With(SummarizationOptions.Dev, null) : settings.With(SummarizationOptions.Dev, path),
    };
}
