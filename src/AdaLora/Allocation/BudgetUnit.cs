namespace AdaLora.Allocation;

/// <summary>What the budget counts.</summary>
public enum BudgetUnit
{
    /// <summary>Triplets, whatever the size of their matrix, as published. The default.</summary>
    Triplets,

    /// <summary>
    /// Parameters: a triplet of a matrix of m rows and n columns costs m + n + 1. A mask goes through the triplets from the highest score to the lowest and keeps each that still fits; one
    /// that does not fit is passed over, and cheaper ones below it may take the room. So the budget is never exceeded, and what is left of it is too little for any pruned triplet.
    /// </summary>
    Parameters,
}
