namespace AdaLora.Experiments.Comparison;

/// <summary>A choice of matrices to adapt.</summary>
/// <param name="Group">What it is compared with: weights with weights, layers with layers.</param>
/// <param name="Name">Its name in tables and pictures.</param>
/// <param name="Targets">The matrices; none for all.</param>
/// <param name="Layers">The layers; none for all.</param>
/// <param name="ParametersPerRank">Adapter parameters per rank, over all its matrices.</param>
internal sealed record AdapterPlace(string Group, string Name, IReadOnlyList<string> Targets, IReadOnlyList<int> Layers, long ParametersPerRank)
{
    /// <summary>The rank whose number of parameters is nearest to a budget, at least 1.</summary>
    public int RankFor(long parameters) => (int)Math.Max(1, Math.Round(parameters / (double)ParametersPerRank));
}
