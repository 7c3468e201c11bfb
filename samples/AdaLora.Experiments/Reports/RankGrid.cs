using System.Globalization;

namespace AdaLora.Experiments.Reports;

/// <summary>The ranks of all adapted matrices as a table: a row per kind of matrix, a column per layer.</summary>
internal sealed class RankGrid
{
    /// <summary>The label of the column for modules outside the stack of layers.</summary>
    public const string NoLayer = "–";

    private readonly Dictionary<(string Matrix, string Prefix, int? Layer), ModuleRank> _cells = [];
    private readonly List<(string Prefix, int? Layer)> _layers;

    /// <param name="ranks">In any order: an adapter that is read without its model has no order.</param>
    public RankGrid(IReadOnlyList<ModuleRank> ranks)
    {
        foreach (var rank in ranks)
        {
            var name = ModuleName.Parse(rank.Module);
            _cells.Add((name.Matrix, name.Prefix, name.Layer), rank);
        }

        Matrices =
        [
            .. _cells.Keys.GroupBy(key => key.Matrix)
                .OrderBy(kind => kind.All(key => key.Layer is null)).ThenBy(kind => MatrixOrder.Of(kind.Key)).ThenBy(kind => kind.Key, StringComparer.Ordinal)
                .Select(kind => kind.Key),
        ];
        var prefixes = _cells.Keys.Where(key => key.Layer is not null).Select(key => key.Prefix).Distinct().ToList();
        _layers = [.. _cells.Keys.Select(key => (key.Prefix, key.Layer)).Distinct()
            .OrderBy(layer => layer.Layer is null).ThenBy(layer => prefixes.IndexOf(layer.Prefix)).ThenBy(layer => layer.Layer)];
        Layers = [.. _layers.Select(layer => Label(layer.Prefix, layer.Layer, prefixes.Count > 1))];
        MaximumRank = ranks.Select(rank => Math.Max(rank.InitialRank, rank.FinalRank)).DefaultIfEmpty().Max();
    }

    /// <summary>Row labels.</summary>
    public IReadOnlyList<string> Matrices { get; }

    /// <summary>Column labels: the layer's number, preceded by its stack if there are several.</summary>
    public IReadOnlyList<string> Layers { get; }

    /// <summary>The highest rank any matrix began or ended with.</summary>
    public int MaximumRank { get; }

    /// <summary>The matrix at a row and a column; null if the layer has none of that kind.</summary>
    public ModuleRank? this[int matrix, int layer] =>
        _cells.GetValueOrDefault((Matrices[matrix], _layers[layer].Prefix, _layers[layer].Layer));

    private static string Label(string prefix, int? layer, bool withPrefix) => layer is not { } number
        ? NoLayer
        : (withPrefix ? $"{prefix} " : "") + number.ToString(CultureInfo.InvariantCulture);
}
