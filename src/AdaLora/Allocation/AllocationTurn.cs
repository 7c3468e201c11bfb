using AdaLora.Bank;

namespace AdaLora.Allocation;

/// <summary>What a strategy's decision at a mask is based on.</summary>
/// <param name="Layout">The triplets held.</param>
/// <param name="Scores">The score of each in storage order, not NaN.</param>
/// <param name="Budget">How many may live afterwards.</param>
/// <param name="Share">Elapsed share of the pruning phase, in [0, 1].</param>
internal sealed record AllocationTurn(BankLayout Layout, IReadOnlyList<double> Scores, int Budget, double Share);
