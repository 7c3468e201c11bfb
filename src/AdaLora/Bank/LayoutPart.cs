namespace AdaLora.Bank;

/// <summary>A run of a flat buffer that holds one part of the triplets of equally sized matrices: their P rows, their Q rows, or all lambdas of the bank.</summary>
/// <param name="Kind">Which part.</param>
/// <param name="Start">Index of the first element.</param>
/// <param name="Length">Number of elements; 0 once none of these matrices holds a triplet.</param>
internal readonly record struct LayoutPart(TripletPart Kind, long Start, long Length);
