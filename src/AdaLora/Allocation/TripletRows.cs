using AdaLora.Bank;

namespace AdaLora.Allocation;

/// <summary>A run of rows of equal size within a flat buffer, each of which belongs to one triplet: columns of P, rows of Q, or lambdas.</summary>
/// <param name="Offset">Where the first row starts.</param>
/// <param name="Size">Entries of a row, at least 1.</param>
/// <param name="First">Index of the first row's triplet; each following row's is one higher.</param>
/// <param name="Count">Number of rows.</param>
internal readonly record struct TripletRows(int Offset, int Size, int First, int Count)
{
    /// <summary>All rows of a layout. Together they cover every entry once and each triplet three times.</summary>
    public static IEnumerable<TripletRows> Of(BankLayout layout) =>
        layout.Groups
            .SelectMany(g => (TripletRows[])[new((int)g.LeftOffset, (int)g.OutFeatures, g.First, g.Triplets), new((int)g.RightOffset, (int)g.InFeatures, g.First, g.Triplets)])
            .Prepend(new TripletRows((int)layout.LambdaOffset, 1, 0, layout.Triplets));
}
