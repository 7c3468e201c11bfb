namespace AdaLora.Allocation;

/// <summary>What a strategy has decided.</summary>
/// <param name="Kept">For each triplet in storage order, whether it stays.</param>
/// <param name="Added">How many new triplets a matrix gets, by name.</param>
internal sealed record Allotment(bool[] Kept, IReadOnlyDictionary<string, int> Added);
