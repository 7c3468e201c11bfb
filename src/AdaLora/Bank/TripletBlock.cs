namespace AdaLora.Bank;

/// <summary>
/// A run of matrices of equal sizes and equal rank, stored one after the other, so that one batched operation serves them all:
/// P is a (matrices, rank, out) view, Q a (matrices, rank, in) view.
/// </summary>
/// <param name="OutFeatures">Rows of P.</param>
/// <param name="InFeatures">Columns of Q.</param>
/// <param name="Rank">Triplets per matrix, at least 1.</param>
/// <param name="Matrices">Number of matrices.</param>
/// <param name="First">Index of the block's first triplet among all triplets of the bank.</param>
/// <param name="LeftOffset">Start of the block's P rows in a flat buffer.</param>
/// <param name="RightOffset">Start of the block's Q rows in a flat buffer.</param>
internal sealed record TripletBlock(long OutFeatures, long InFeatures, int Rank, int Matrices, int First, long LeftOffset, long RightOffset)
{
    /// <summary>Number of triplets in the block.</summary>
    public int Triplets => Rank * Matrices;

    /// <summary>Whether the rows of P' and Q have the same length and are adjacent in memory.</summary>
    internal bool IsSquare => OutFeatures == InFeatures && RightOffset == LeftOffset + (Triplets * OutFeatures);
}
