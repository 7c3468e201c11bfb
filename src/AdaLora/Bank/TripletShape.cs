namespace AdaLora.Bank;

/// <summary>What one adapted matrix needs from the bank: <paramref name="Rank"/> triplets {column of P, lambda, row of Q}.</summary>
/// <param name="Name">Dotted name of the adapted module, unique within a bank; it orders ties between equal scores.</param>
/// <param name="OutFeatures">Rows of P and of the base weight, at least 1.</param>
/// <param name="InFeatures">Columns of Q and of the base weight, at least 1.</param>
/// <param name="Rank">Number of triplets; 0 is allowed and costs nothing.</param>
internal readonly record struct TripletShape(string Name, long OutFeatures, long InFeatures, int Rank);
