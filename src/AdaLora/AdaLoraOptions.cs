using AdaLora.Adapters.FrozenWeights;
using AdaLora.Allocation;
using AdaLora.Bank;
using AdaLora.Initialization;
using AdaLora.Injection;
using AdaLora.Internals;
using AdaLora.Targeting;

namespace AdaLora;

/// <summary>Determines how a model is adapted. The defaults are those of the paper's GLUE experiments.</summary>
public sealed partial record AdaLoraOptions
{
    /// <summary>Triplets per adapted matrix at the start, at least 0; about 1.5 times <see cref="TargetRank"/> works well.</summary>
    public int InitialRank { get; init; } = 12;

    /// <summary>Mean number of triplets per adapted matrix after pruning. The global budget bT is this times the number of matrices, or what so many triplets of each matrix cost.</summary>
    public int TargetRank { get; init; } = 8;

    /// <summary>bT itself, in the unit of <see cref="BudgetUnit"/>, instead of <see cref="TargetRank"/> triplets of each matrix.</summary>
    public int? TargetBudget { get; init; }

    /// <summary>What the budget counts: triplets, or the parameters they have.</summary>
    public BudgetUnit BudgetUnit { get; init; } = BudgetUnit.Triplets;

    /// <summary>Scales the adapters: their product is multiplied by alpha / (initial rank + 1e-5). 0 means the initial rank itself.</summary>
    public double Alpha { get; init; } = 32;

    /// <summary>
    /// Whether the adapters' product is multiplied by alpha / sqrt(initial rank) instead, so that high ranks learn as fast as low ones (rank-stabilised LoRA, Kalajdzievski, 2023). An alpha of 0
    /// means the initial rank here, too.
    /// </summary>
    public bool RankStabilized { get; init; }

    /// <summary>Probability of dropping an entry of an adapter's input during training, in [0, 1).</summary>
    public double Dropout { get; init; }

    /// <summary>
    /// Whether adapters that read the very same tensor in a forward pass, as query, key and value do, drop the same entries of it. By default each draws its own mask, as in PEFT and the
    /// authors' code. Sharing saves CPU work, but no gain in step time has been established. Only consecutive adapters share a mask: one called with another tensor in between ends it. Do
    /// not change a tensor in place between its adapters.
    /// </summary>
    public bool ShareDropout { get; init; }

    /// <summary>The precision in which the frozen layers under the adapters are computed.</summary>
    public BasePrecision BasePrecision { get; init; } = BasePrecision.AsLoaded;

    /// <summary>What triplets are at the start. Their products are 0, whatever is chosen.</summary>
    public TripletInitialization Initialization { get; init; } = TripletInitialization.Published;

    /// <summary>Seed of what is drawn of P and Q; null draws them from torch's global generator.</summary>
    public long? Seed { get; init; }

    /// <summary>
    /// Learning rates of lambda, P and Q as multiples of the optimiser's. <see cref="Training.Trainer"/> applies them; in a custom loop, name a <see cref="Training.FusedAdamW"/> with
    /// <see cref="AdaLoraModel.UseOptimizer"/>. Other optimisers need parameter groups: see <see cref="AdaLoraModel.TripletParameters"/>.
    /// </summary>
    public LearningRateFactors LearningRateFactors { get; init; } = LearningRateFactors.Equal;

    /// <summary>Which layers get adapters. The default leaves it to the model: all linear layers, or those of its blocks if it is a language model of AdaLora.Transformers.</summary>
    public TargetModules Targets { get; init; } = TargetModules.Suggested;

    /// <summary>How adapters are attached: in the place of their layers, as hooks of them, or within their weights.</summary>
    public AttachmentMethod Attachment { get; init; } = AttachmentMethod.Automatic;

    /// <summary>Initial rank, alpha, the way of attaching, and the least and largest rank for individual modules.</summary>
    public ModuleOverrides Overrides { get; init; } = ModuleOverrides.None;

    /// <summary>Names or patterns of modules that are trained in full alongside the adapters, such as a new classifier.</summary>
    public IReadOnlyList<string> TrainedModules { get; init; } = [];

    /// <summary>
    /// Rows of tables of embeddings that are trained by themselves, such as those of new words: full names or suffixes of Embedding modules, with the numbers of the rows of each. The other rows stay
    /// as they are. What is tied to a table follows. The table gets a dense gradient in each backward pass, as in PEFT (<c>trainable_token_indices</c>).
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyList<long>> TrainedRows { get; init; } = new Dictionary<string, IReadOnlyList<long>>();

    /// <summary>Which biases of the base model are trained.</summary>
    public BiasTraining Biases { get; init; } = BiasTraining.None;

    /// <summary>T, the number of optimiser steps of the whole training. May be left out here and passed to <see cref="AdaLoraModel.Begin"/> or the trainer instead.</summary>
    public long? TotalSteps { get; init; }

    /// <summary>tinit: how long all triplets train before pruning begins, for instance <c>PhaseLength.Steps(800)</c> or <c>PhaseLength.Fraction(0.1)</c>.</summary>
    public PhaseLength InitialPhase { get; init; } = PhaseLength.Fraction(0.1);

    /// <summary>tfinal: how long training continues with the final pattern. Below a tenth of the training, quality suffers.</summary>
    public PhaseLength FinalPhase { get; init; } = PhaseLength.Fraction(0.5);

    /// <summary>deltaT: optimiser steps between two masks, at least 1.</summary>
    public long MaskInterval { get; init; } = 10;

    /// <summary>How the budget shrinks from initial to target.</summary>
    public BudgetDecay Decay { get; init; } = BudgetDecay.Cubic;

    /// <summary>What a mask does with the budget: prune to it, as published, or move ranks between matrices.</summary>
    public AllocationStrategy Allocation { get; init; } = AllocationStrategy.PruneToBudget;

    /// <summary>How the importance of a triplet is scored.</summary>
    public ImportanceScore Score { get; init; } = ImportanceScore.SensitivityTimesUncertainty;

    /// <summary>Which weights the sensitivity is computed on.</summary>
    public SensitivityTiming SensitivityTiming { get; init; } = SensitivityTiming.AfterOptimizerStep;

    /// <summary>b1, smoothing of the sensitivity, in [0, 1).</summary>
    public double Beta1 { get; init; } = 0.85;

    /// <summary>b2, smoothing of the uncertainty, in [0, 1).</summary>
    public double Beta2 { get; init; } = 0.85;

    /// <summary>Gamma, weight of the orthogonality penalty, not negative.</summary>
    public double OrthogonalityWeight { get; init; } = 0.1;

    /// <summary>Which norm the orthogonality penalty uses.</summary>
    public OrthogonalityForm OrthogonalityForm { get; init; } = OrthogonalityForm.MeanNorm;

    /// <summary>
    /// Options for a training of known length: pruning runs from a tenth of it to half of it, in about fifty masks, starting at one and a half times the target rank. Change the others with
    /// <c>with { ... }</c>.
    /// </summary>
    /// <param name="totalSteps">T, the number of optimiser steps of the whole training, at least 3: one for each phase.</param>
    /// <param name="targetRank">Mean number of triplets per adapted matrix after pruning, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is below its minimum.</exception>
    public static AdaLoraOptions ForTotalSteps(long totalSteps, int targetRank = 8)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(totalSteps, 3);
        ArgumentOutOfRangeException.ThrowIfLessThan(targetRank, 1);
        const int masks = 50, mostStepsBetween = 100;
        var (initial, final) = (Math.Max(1, totalSteps / 10), totalSteps / 2);
        return new AdaLoraOptions
        {
            TotalSteps = totalSteps,
            InitialRank = targetRank + ((targetRank + 1) / 2),
            TargetRank = targetRank,
            InitialPhase = PhaseLength.Steps(initial),
            FinalPhase = PhaseLength.Steps(final),
            MaskInterval = Math.Clamp((totalSteps - initial - final) / masks, 1, mostStepsBetween),
        };
    }

    /// <summary>How the adapter of something with these names is attached.</summary>
    internal AttachmentMethod AttachmentOf(IReadOnlyList<string> names) => Overrides.Resolve(names).Attachment ?? Attachment;

    /// <summary>What triplets of these matrices cost, and their limits.</summary>
    /// <param name="matrices">The name of each, and all names it goes by.</param>
    internal AllocationTerms TermsFor(IEnumerable<(string Name, IReadOnlyList<string> Names)> matrices)
    {
        var limits = matrices.ToDictionary(m => m.Name, m => Overrides.Resolve(m.Names), StringComparer.Ordinal)
            .ToDictionary(m => m.Key, m => new RankLimits(m.Value.MinimumRank, m.Value.MaximumRank), StringComparer.Ordinal);
        return new AllocationTerms(BudgetUnit, limits.Where(m => m.Value.AreSet).ToDictionary(StringComparer.Ordinal));
    }

    /// <summary>bT: what triplets may cost after pruning.</summary>
    internal int TargetBudgetFor(AllocationTerms terms, IEnumerable<TripletShape> matrices) =>
        TargetBudget ?? (int)Math.Min(int.MaxValue, matrices.Sum(shape => TargetRank * terms.CostOf(shape)));

    /// <summary>The budget over time, given the triplets at the start.</summary>
    /// <exception cref="ArgumentException">There are more parameters than a budget can count, or the target budget or the phases do not fit.</exception>
    internal BudgetSchedule ScheduleFor(BankLayout layout, AllocationTerms terms, long totalSteps)
    {
        var cost = terms.CostOf(layout.Shapes);
        if (cost > int.MaxValue)
            throw new ArgumentException($"The adapters have {cost} parameters; a budget counts at most {int.MaxValue}. Choose a smaller {nameof(InitialRank)}, or let the budget count triplets.");
        var target = TargetBudgetFor(terms, layout.Shapes);
        return new((int)cost, target, totalSteps, InitialPhase.In(totalSteps), FinalPhase.In(totalSteps), MaskInterval, Decay);
    }

    /// <summary>Checks every option that can be checked without a model.</summary>
    /// <exception cref="ArgumentException">An option is out of range; the message lists all of them.</exception>
    public void Validate()
    {
        var problems = new Problems();
        problems.Require(InitialRank >= 0, $"{nameof(InitialRank)} is {InitialRank}; it must not be negative");
        problems.Require(TargetRank >= 0, $"{nameof(TargetRank)} is {TargetRank}; it must not be negative");
        problems.Require(TargetBudget is null or >= 0, $"{nameof(TargetBudget)} is {TargetBudget}; it must not be negative");
        problems.Require(double.IsFinite(Alpha) && Alpha >= 0, $"{nameof(Alpha)} is {Alpha}; it must be finite and not negative");
        problems.Require(Dropout is >= 0 and < 1, $"{nameof(Dropout)} is {Dropout}; it must lie in [0, 1)");
        problems.RequireValue(Initialization, nameof(Initialization));
        problems.RequireValue(BasePrecision, nameof(BasePrecision));
        problems.RequireValue(LearningRateFactors, nameof(LearningRateFactors));
        LearningRateFactors?.Validate(nameof(LearningRateFactors), problems);
        problems.RequireDefined(Attachment, nameof(Attachment));
        problems.RequireDefined(BudgetUnit, nameof(BudgetUnit));
        problems.RequireDefined(Biases, nameof(Biases));
        problems.RequireDefined(SensitivityTiming, nameof(SensitivityTiming));
        problems.RequireDefined(OrthogonalityForm, nameof(OrthogonalityForm));
        problems.RequireValue(Targets, nameof(Targets));
        problems.RequireValue(Overrides, nameof(Overrides));
        problems.RequireValue(Decay, nameof(Decay));
        problems.RequireValue(Score, nameof(Score));
        problems.RequireValue(Allocation, nameof(Allocation));
        problems.Require(Allocation?.MaxRank is not { } most
            || InitialRank <= most, $"{nameof(InitialRank)} is {InitialRank}; {nameof(Allocation)} allows no matrix more than rank {Allocation?.MaxRank}");
        problems.RequireValue(TrainedModules, nameof(TrainedModules));
        problems.Require(TrainedModules?.Any(string.IsNullOrWhiteSpace) != true, $"{nameof(TrainedModules)} holds a name that is null or empty");
        problems.RequireValue(TrainedRows, nameof(TrainedRows));
        problems.Require(TrainedRows?.Any(table => string.IsNullOrWhiteSpace(table.Key) || table.Value is null) != true, $"{nameof(TrainedRows)} holds a name that is empty, or no rows for one");
        problems.Require(TotalSteps is null or >= 1, $"{nameof(TotalSteps)} is {TotalSteps}; it must be at least 1");
        problems.Require(MaskInterval >= 1, $"{nameof(MaskInterval)} is {MaskInterval}; it must be at least 1");
        problems.Require(Beta1 is >= 0 and < 1, $"{nameof(Beta1)} is {Beta1}; it must lie in [0, 1)");
        problems.Require(Beta2 is >= 0 and < 1, $"{nameof(Beta2)} is {Beta2}; it must lie in [0, 1)");
        problems.Require(
            double.IsFinite(OrthogonalityWeight) && OrthogonalityWeight >= 0,
            $"{nameof(OrthogonalityWeight)} is {OrthogonalityWeight}; it must be finite and not negative");
        if (TotalSteps is >= 1 and var total)
        {
            long initial = InitialPhase.In(total), final = FinalPhase.In(total);
            problems.Require(
                final < total - initial,
                $"{nameof(InitialPhase)} ({initial} steps) and {nameof(FinalPhase)} ({final} steps) leave no step to prune in; together they must be shorter than {nameof(TotalSteps)} ({total})");
        }

        problems.ThrowIfAny("The AdaLoRA options are not valid");
    }
}
