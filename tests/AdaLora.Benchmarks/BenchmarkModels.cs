using AdaLora.Glue;
using AdaLora.Transformers.Models;
using AdaLora.Transformers.Models.Bert;

namespace AdaLora.Benchmarks;

/// <summary>What benchmarks run on.</summary>
internal static class BenchmarkModels
{
    public const int InitialRank = 12;
    public const int TargetRank = 8;

    public static SequenceClassifier Create(StepBenchmarkSettings settings) => settings.Model is { } folder
        ? SequenceClassifier.FromPretrained(folder, 2, seed: 1)
        : new BertForSequenceClassification(new BertConfig { VocabularySize = 1000, HiddenDropout = settings.Dropout, AttentionDropout = settings.Dropout }, 2, seed: 1);

    public static AdaLoraOptions Adapters(SequenceClassifier model, StepBenchmarkSettings settings, long initial = 0, long total = 3_000_000) => new()
    {
        InitialRank = InitialRank,
        TargetRank = TargetRank,
        Dropout = settings.Dropout,
        Targets = AdaptedParts.TargetsOf(Method(settings, TrainingMethods.AdaLora, TargetRank)),
        TrainedModules = [.. AdaptedParts.HeadOf(model).Select(h => h.name)],
        InitialPhase = PhaseLength.Steps(initial),
        FinalPhase = PhaseLength.Steps(total > 1000 ? 1000 : 2),
        MaskInterval = 1,
        TotalSteps = total,
        Seed = 1,
    };

    public static TrainSettings Method(StepBenchmarkSettings settings, TrainingMethod method, int rank) => new()
    {
        Task = GlueTasks.Find("cola"),
        Data = "",
        Model = settings.Model ?? "",
        Method = method,
        Dropout = settings.Dropout,
        InitialRank = InitialRank,
        TargetRank = rank,
    };
}
