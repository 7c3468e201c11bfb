namespace AdaLora.Bank;

/// <summary>Where the triplets of one matrix are in the flat buffers of a bank. Offsets count elements from the start of a buffer.</summary>
/// <param name="Shape">Name, sizes and rank of the matrix.</param>
/// <param name="First">Index of the matrix's first triplet among all triplets of the bank.</param>
/// <param name="LeftOffset">Start of P, stored as rank rows of <see cref="TripletShape.OutFeatures"/> elements (P transposed).</param>
/// <param name="RightOffset">Start of Q, stored as rank rows of <see cref="TripletShape.InFeatures"/> elements.</param>
/// <param name="LambdaOffset">Start of lambda, rank elements.</param>
internal sealed record TripletSlot(TripletShape Shape, int First, long LeftOffset, long RightOffset, long LambdaOffset)
{
    /// <summary>Dotted name of the adapted module.</summary>
    public string Name => Shape.Name;

    /// <summary>Number of triplets held for this matrix.</summary>
    public int Rank => Shape.Rank;
}
