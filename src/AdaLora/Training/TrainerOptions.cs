using AdaLora.Allocation;
using AdaLora.Internals;
using AdaLora.Processes;
using AdaLora.Training.LearningRates;
using TorchSharp;
using TorchSharp.Modules;

namespace AdaLora.Training;

/// <summary>How a <see cref="Trainer"/> runs.</summary>
public sealed class TrainerOptions
{
    /// <summary>The product of two rates must fit in single precision.</summary>
    private const double MostRate = 1e15;

    private const int MostFingerprint = 1000;

    /// <summary>Number of optimiser steps to run, at least 1.</summary>
    public required long TotalSteps { get; init; }

    /// <summary>Peak learning rate, positive. Adapters tolerate 1e-3 where full fine-tuning needs about 5e-5.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Decoupled weight decay of the default optimiser, not negative.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>Smoothing of the gradient in the default optimiser (beta1), in [0, 1).</summary>
    public double AdamBeta1 { get; init; } = 0.9;

    /// <summary>Smoothing of the squared gradient in the default optimiser (beta2), in [0, 1).</summary>
    public double AdamBeta2 { get; init; } = 0.999;

    /// <summary>What the default optimiser adds to the square root of the smoothed squared gradient, not negative.</summary>
    public double AdamEpsilon { get; init; } = 1e-8;

    /// <summary>Length of the linear warm-up from 0.</summary>
    public PhaseLength Warmup { get; init; } = PhaseLength.Fraction(0.06);

    /// <summary>How the learning rate falls after the warm-up.</summary>
    public LearningRateDecay Decay { get; init; } = LearningRateDecay.Linear;

    /// <summary>Gradients with a larger joint norm are scaled down to it; null never scales.</summary>
    public double? MaxGradientNorm { get; init; } = 1.0;

    /// <summary>
    /// Batches whose gradients are averaged into one optimiser step, at least 1. Allocation runs once per optimiser step. A step that an epoch ends within is completed by the next epoch, so that
    /// none has fewer batches than the others.
    /// </summary>
    public int GradientAccumulation { get; init; } = 1;

    /// <summary>
    /// Optimiser steps between two evaluations; null evaluates at the end of each epoch in which a step was done, even if gradients are still waiting for the next one. The last step is
    /// always evaluated. Requires an <c>evaluate</c> in <c>Trainer.Fit</c>.
    /// </summary>
    public long? EvaluateEvery { get; init; }

    /// <summary>Whether a higher evaluation score is better.</summary>
    public bool HigherIsBetter { get; init; } = true;

    /// <summary>
    /// Evaluations without improvement, counted according to <see cref="BestBeforeFinal"/>, after which training ends; null never ends it early. Requires an <c>evaluate</c> in
    /// <c>Trainer.Fit</c>.
    /// </summary>
    public int? Patience { get; init; }

    /// <summary>Whether to keep the best weights so far, according to <see cref="BestBeforeFinal"/>, for <see cref="Trainer.RestoreBest"/>. Costs one copy of what is trained.</summary>
    public bool KeepBest { get; init; } = true;

    /// <summary>
    /// Whether evaluations before the adapters' ranks are final count for the best weights and for <see cref="Patience"/>. By default they do not: with more triplets than its budget an
    /// adapter usually scores better, but those weights still have to be pruned. Without adapters, or where nothing is pruned, every evaluation counts.
    /// </summary>
    public bool BestBeforeFinal { get; init; }

    /// <summary>Optimiser steps between two progress reports, at least 1. Losses are read from the device only for a report.</summary>
    public long ReportEvery { get; init; } = 10;

    /// <summary>
    /// Seed of torch's generators, set when training starts, and from this and its number again before each epoch and each batch: the random numbers of a batch do not depend on which
    /// process computes it. Null leaves the generators alone; then process 0 of a <see cref="Group"/> of several draws a seed for all.
    /// </summary>
    public long? Seed { get; init; }

    /// <summary>
    /// Whether to skip an optimiser step when a gradient is not finite. The check reads one boolean per step from the device; without it, bad gradients reach the optimiser.
    /// </summary>
    public bool SkipNonFiniteSteps { get; init; } = true;

    /// <summary>
    /// What losses are multiplied by before their backward passes; see <see cref="Training.LossScale"/>. The gradients that clipping, importance and the optimiser see are the true ones. A
    /// dynamic scale needs
    /// <see cref="SkipNonFiniteSteps"/>.
    /// </summary>
    public LossScale LossScale { get; init; } = LossScale.Automatic;

    /// <summary>Number of consecutive skipped steps after which training is abandoned as diverged, at least 1.</summary>
    public int MaxSkippedInARow { get; init; } = 25;

    /// <summary>
    /// Whether to drop pruned triplets as soon as the pattern is final, so that the rest of the training costs only what the live ranks cost.
    /// Otherwise they stay masked to the end, as in the published code, where they still count in the orthogonality penalty.
    /// </summary>
    public bool CompactWhenFinal { get; init; } = true;

    /// <summary>
    /// Creates the optimiser from the trained parameters and the learning rate; null creates <see cref="FusedAdamW"/> with <see cref="WeightDecay"/>, <see cref="AdamBeta1"/>,
    /// <see cref="AdamBeta2"/> and
    /// <see cref="AdamEpsilon"/>, which do not affect a custom optimiser.
    /// Warm-up and decay scale the initial learning rates of its groups.
    /// </summary>
    public Func<IReadOnlyList<Parameter>, double, torch.optim.Optimizer>? OptimizerFactory { get; init; }

    /// <summary>
    /// Size in MB, 1 to 1024, of a region in which .NET collects no garbage during a step or an evaluation, only between them; null, the default, leaves collections to .NET. Libtorch may
    /// read a number from the model's own code, such as that of <c>x * 0.5</c>, after a collection on another thread has freed it; this makes that rare. The region applies to the whole
    /// process: see the guide before using it in a server.
    /// </summary>
    public int? NoGCRegionMegabytes { get; init; }

    /// <summary>When and where to save checkpoints, from which another process can resume; null never saves.</summary>
    public CheckpointOptions? Checkpoints { get; init; }

    /// <summary>
    /// What identifies the training data, such as a checksum of its file, at most 1,000 characters. It must be the same when a training resumes from a checkpoint that has one, and on all
    /// processes of a <see cref="Group"/>, which also compare the tensors, numbers and texts of the first batch. Null, the default, compares nothing.
    /// </summary>
    public string? DataFingerprint { get; init; }

    /// <summary>
    /// The processes that train together, each with the same model, options and batches; this one alone by default. Every process enumerates all batches and computes its share: batch k of
    /// an optimiser step, from 0, belongs to process k mod N, so <see cref="GradientAccumulation"/> must be at least N. Losses, gradients and decisions are those of all. Training starts
    /// from the weights of process 0; everything that must be the same everywhere is compared before the first step, and what is trained at every report. Evaluations run on every process; the
    /// score of process 0 counts. Only process 0 logs, reports and writes <see cref="Checkpoints"/>, which do not depend on N. N processes train what one trains with the same
    /// <see cref="Seed"/>, dropout included, up to the order of sums: bit for bit if there are as many batches in a step as processes.
    /// </summary>
    public IProcessGroup Group { get; init; } = ProcessGroup.Single;

    /// <summary>What affects the results of a training, and so must be the same when it resumes from a checkpoint.</summary>
    internal IEnumerable<(string Name, object? Value)> Settings =>
    [
        (nameof(TotalSteps), TotalSteps),
        (nameof(LearningRate), LearningRate),
        (nameof(WeightDecay), WeightDecay),
        (nameof(Warmup), Warmup.In(TotalSteps)),
        (nameof(Decay), Decay.Settings),
        (nameof(MaxGradientNorm), MaxGradientNorm),
        (nameof(GradientAccumulation), GradientAccumulation),
        (nameof(HigherIsBetter), HigherIsBetter),
        (nameof(KeepBest), KeepBest),
        (nameof(BestBeforeFinal), BestBeforeFinal),
        (nameof(SkipNonFiniteSteps), SkipNonFiniteSteps),
        (nameof(CompactWhenFinal), CompactWhenFinal),
        (nameof(DataFingerprint), DataFingerprint),
    ];

    /// <summary>The options that may differ when a training resumes from a checkpoint, and why. A test compares this and <see cref="Settings"/> with the options that exist.</summary>
    internal static IReadOnlyDictionary<string, string> Free { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        [nameof(EvaluateEvery)] = "evaluations only look at the weights; those of before are kept",
        [nameof(Patience)] = "only decides when to stop, and more of it goes on with a training that stopped",
        [nameof(MaxSkippedInARow)] = "only decides when to stop",
        [nameof(ReportEvery)] = "reports only look",
        [nameof(Seed)] = "the state of the generator comes from the checkpoint",
        [nameof(AdamBeta1)] = "the settings of the optimiser are compared",
        [nameof(AdamBeta2)] = "the settings of the optimiser are compared",
        [nameof(AdamEpsilon)] = "the settings of the optimiser are compared",
        [nameof(LossScale)] = "what it amounts to for the model is compared",
        [nameof(OptimizerFactory)] = "the settings of the optimiser that it makes are compared",
        [nameof(NoGCRegionMegabytes)] = "only decides when garbage is collected",
        [nameof(Group)] = "the processes share the batches of a step, whatever their number",
        [nameof(Checkpoints)] = "where and how often checkpoints are made; its own settings are compared by name",
    };

    /// <summary>Checks every option.</summary>
    /// <exception cref="ArgumentException">An option is out of range; the message lists all of them.</exception>
    public void Validate()
    {
        var problems = new Problems();
        problems.Require(TotalSteps >= 1, $"{nameof(TotalSteps)} is {TotalSteps}; it must be at least 1");
        problems.Require(LearningRate is > 0 and <= MostRate, $"{nameof(LearningRate)} is {LearningRate}; it must be positive, and at most {MostRate:G}");
        problems.Require(WeightDecay is >= 0 and <= MostRate, $"{nameof(WeightDecay)} is {WeightDecay}; it must not be negative, and at most {MostRate:G}");
        problems.Require(AdamBeta1 is >= 0 and < 1, $"{nameof(AdamBeta1)} is {AdamBeta1}; it must lie in [0, 1)");
        problems.Require(AdamBeta2 is >= 0 and < 1, $"{nameof(AdamBeta2)} is {AdamBeta2}; it must lie in [0, 1)");
        problems.Require(AdamEpsilon >= 0 && double.IsFinite(AdamEpsilon), $"{nameof(AdamEpsilon)} is {AdamEpsilon}; it must not be negative");
        problems.Require(
            TotalSteps < 1 || Warmup.In(TotalSteps) <= TotalSteps,
            $"{nameof(Warmup)} takes {Warmup}, more than {nameof(TotalSteps)} ({TotalSteps})");
        problems.RequireValue(Decay, nameof(Decay));
        problems.RequireValue(LossScale, nameof(LossScale));
        problems.Require(LossScale is not { IsDynamic: true }
            || SkipNonFiniteSteps, $"{nameof(LossScale)} is {LossScale}, which adapts to steps that are skipped, but {nameof(SkipNonFiniteSteps)} is off");
        problems.Require(MaxGradientNorm is null or > 0, $"{nameof(MaxGradientNorm)} is {MaxGradientNorm}; it must be positive, or null");
        problems.Require(GradientAccumulation >= 1, $"{nameof(GradientAccumulation)} is {GradientAccumulation}; it must be at least 1");
        problems.Require(EvaluateEvery is null or >= 1, $"{nameof(EvaluateEvery)} is {EvaluateEvery}; it must be at least 1, or null");
        problems.Require(Patience is null or >= 1, $"{nameof(Patience)} is {Patience}; it must be at least 1, or null");
        problems.Require(ReportEvery >= 1, $"{nameof(ReportEvery)} is {ReportEvery}; it must be at least 1");
        problems.Require(MaxSkippedInARow >= 1, $"{nameof(MaxSkippedInARow)} is {MaxSkippedInARow}; it must be at least 1");
        problems.Require(NoGCRegionMegabytes is null or (>= 1 and <= 1024), $"{nameof(NoGCRegionMegabytes)} is {NoGCRegionMegabytes}; it must lie between 1 and 1024, or be null");
        problems.Require(DataFingerprint is not { Length: > MostFingerprint }, $"{nameof(DataFingerprint)} has {DataFingerprint?.Length} characters; it must have at most {MostFingerprint}: use a checksum of the data");
        problems.RequireValue(Group, nameof(Group));
        problems.Require(
            Group is null or { Size: 1 } || GradientAccumulation >= Group.Size,
            $"{nameof(GradientAccumulation)} is {GradientAccumulation}, but {nameof(Group)} has {Group?.Size} processes, which share the batches of a step; it must be at least {Group?.Size}");
        Checkpoints?.Validate(problems);
        problems.ThrowIfAny("The trainer options are not valid");
    }
}
