using AdaLora.Bank;

namespace AdaLora.Allocation;

/// <summary>The vectors of one side of a matrix, P' or Q, within a flat buffer.</summary>
/// <param name="Offset">Where they start.</param>
/// <param name="Rank">Number of rows.</param>
/// <param name="Length">Entries of a row.</param>
internal readonly record struct MatrixSide(long Offset, int Rank, int Length)
{
    /// <summary>Entries of all rows.</summary>
    public int Entries => Rank * Length;

    /// <summary>Both sides of all matrices of a block.</summary>
    public static IEnumerable<MatrixSide> Of(TripletBlock block) =>
        Of(block.LeftOffset, block, (int)block.OutFeatures).Concat(Of(block.RightOffset, block, (int)block.InFeatures));

    private static IEnumerable<MatrixSide> Of(long offset, TripletBlock block, int length) =>
        Enumerable.Range(0, block.Matrices).Select(i => new MatrixSide(offset + ((long)i * block.Rank * length), block.Rank, length));
}
