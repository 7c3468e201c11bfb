namespace AdaLora;

/// <summary>One adapted matrix in a report.</summary>
/// <param name="Name">Dotted name of the module in the model.</param>
/// <param name="OutFeatures">Rows of P and of the base weight.</param>
/// <param name="InFeatures">Columns of Q and of the base weight.</param>
/// <param name="InitialRank">Triplets at the start.</param>
/// <param name="LiveRank">Triplets that the latest mask kept.</param>
public sealed record AdaptedModule(string Name, long OutFeatures, long InFeatures, int InitialRank, int LiveRank)
{
    /// <summary>Parameters of the live triplets: rank · (out + in + 1).</summary>
    public long LiveParameters => LiveRank * (OutFeatures + InFeatures + 1);
}
