using AdaLora.Bank;

namespace AdaLora.Allocation;

/// <summary>What a decision at a mask is based on.</summary>
/// <param name="Layout">The triplets held.</param>
/// <param name="Scores">The score of each in storage order, not NaN.</param>
/// <param name="Budget">What those that live afterwards may cost.</param>
/// <param name="Share">Elapsed share of the pruning phase, in [0, 1].</param>
internal sealed record AllocationTurn(BankLayout Layout, IReadOnlyList<double> Scores, int Budget, double Share)
{
    /// <summary>What triplets cost, and the limits of matrices.</summary>
    public AllocationTerms Terms { get; init; } = AllocationTerms.Plain;
}
