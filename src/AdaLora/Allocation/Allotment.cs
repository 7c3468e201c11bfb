namespace AdaLora.Allocation;

/// <summary>A strategy's decision.</summary>
/// <param name="Kept">For each triplet in storage order, whether it stays.</param>
/// <param name="Added">Number of new triplets for each matrix, by name.</param>
internal sealed record Allotment(bool[] Kept, IReadOnlyDictionary<string, int> Added);
