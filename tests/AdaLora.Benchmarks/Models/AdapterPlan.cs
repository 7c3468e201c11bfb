using AdaLora.Allocation;
using AdaLora.Experiments.Methods;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using AdaLora.Glue.Tasks;
using AdaLora.Targeting;
using AdaLora.Transformers.Heads;

namespace AdaLora.Benchmarks;

/// <summary>How contenders are adapted: ranks of the readme's example, on all linear layers of the encoder.</summary>
internal static class AdapterPlan
{
    public const int InitialRank = 12;
    public const int TargetRank = 8;

    /// <summary>Steps of a training that stays in the phase it is in, however long it is measured.</summary>
    private const long Endless = 3_000_000;

    private const long Shortest = 4;

    public static AdaLoraOptions WarmUp(SequenceClassifier model, double dropout) => Options(model, dropout) with { InitialPhase = PhaseLength.Steps(Endless / 3), TotalSteps = Endless };

    /// <summary>The same for other models.</summary>
    public static AdaLoraOptions WarmUp(TargetModules targets) => Options(targets, dropout: 0) with { InitialPhase = PhaseLength.Steps(Endless / 3), TotalSteps = Endless };

    public static AdaLoraOptions Budgeting(SequenceClassifier model, double dropout, int maskInterval) => Options(model, dropout) with { MaskInterval = maskInterval, TotalSteps = Endless };

    /// <summary>The final pattern is settled after two steps.</summary>
    public static AdaLoraOptions Final(SequenceClassifier model, double dropout) => Options(model, dropout) with { FinalPhase = PhaseLength.Steps(2), TotalSteps = Shortest };

    /// <summary>The settings of a method that the application has.</summary>
    public static RunSettings Settings(TrainingMethod method, int rank, double dropout) => RunSettings.Of(GlueTasks.Find("cola"), method)
        .With(RunOptions.Dropout, dropout)
        .With(RunOptions.InitialRank, InitialRank)
        .With(RunOptions.TargetRank, rank);

    public static AdaLoraOptions Options(SequenceClassifier model, double dropout) =>
        Options(ModelParts.TargetsOf(BaseModel.Of(model), [], []), dropout) with { TrainedModules = [.. BaseModel.Of(model).NewParts] };

    private static AdaLoraOptions Options(TargetModules targets, double dropout) => new()
    {
        InitialRank = InitialRank,
        TargetRank = TargetRank,
        Dropout = dropout,
        Targets = targets,
        InitialPhase = PhaseLength.Steps(0),
        FinalPhase = PhaseLength.Steps(Endless / 3),
        MaskInterval = 1,
        Seed = 1,
    };
}
