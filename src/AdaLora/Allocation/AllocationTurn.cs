using AdaLora.Bank;

namespace AdaLora.Allocation;

/// <summary>What a strategy decides from at a mask.</summary>
/// <param name="Layout">The triplets that are held.</param>
/// <param name="Scores">The score of each in storage order, not NaN.</param>
/// <param name="Budget">How many may live afterwards.</param>
/// <param name="Share">How much of the pruning phase is over, in [0, 1].</param>
internal sealed record AllocationTurn(BankLayout Layout, IReadOnlyList<double> Scores, int Budget, double Share);
