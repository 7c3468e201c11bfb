using AdaLora.Allocation;

namespace AdaLora.Peft;

/// <summary>The settings for training a loaded adapter further, as far as its configuration specifies them.</summary>
internal sealed record SavedTraining
{
    public required int InitialRank { get; init; }

    /// <summary>How many triplets to keep in the end; null for the target rank of every module.</summary>
    public required int? TargetBudget { get; init; }

    /// <summary>Not negative.</summary>
    public required double Alpha { get; init; }

    public required double Dropout { get; init; }

    /// <summary>How ranks were to be allocated; null for plain LoRA, which has no allocation.</summary>
    public SavedAllocation? Allocation { get; init; }
}

/// <summary>How the ranks of a loaded adapter were to be allocated.</summary>
internal sealed record SavedAllocation(int TargetRank, PhaseLength InitialPhase, PhaseLength FinalPhase, int MaskInterval, double Beta1, double Beta2, double OrthogonalityWeight);
